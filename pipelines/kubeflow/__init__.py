"""Run a plan on Kubeflow Pipelines."""
