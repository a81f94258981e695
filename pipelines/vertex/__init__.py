"""Vertex AI Pipelines: the same pipeline as one document, on Google Cloud."""
