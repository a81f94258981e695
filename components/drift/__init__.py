"""Drift: bins, counters, statistics and the PromQL that says the same."""
