"""Run a stage as a job: ``python -m sevenfold.run_stage STAGE``, folders in, folders out."""
