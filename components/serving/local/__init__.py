"""Serving on this machine: the predictor as a process."""
