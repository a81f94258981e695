"""Run a plan on Amazon SageMaker Pipelines."""
