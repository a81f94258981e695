"""Stage 2, preparation: read, check, split, fit the transform."""
