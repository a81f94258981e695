"""Retraining: from an alert to at most one run, with every decision on record."""
