"""Scoring: from raw rows to predictions, and what the predictions are worth."""
