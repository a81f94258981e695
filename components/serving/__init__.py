"""Stage 6, inference: the predictor, its deployment, the canary judge."""
