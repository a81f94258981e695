"""Sevenfold: Kubeflow Pipelines components for the seven stages of an MLOps pipeline."""

__version__ = "0.1.0"

__all__ = ["__version__"]
