"""Stage 4, training: fit a model and export the bundle."""
