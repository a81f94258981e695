"""The pipelines: the lifecycle, its compilation and its local and remote runs."""
