"""Drift: bins, counters and statistics, and the same formulas in PromQL."""
