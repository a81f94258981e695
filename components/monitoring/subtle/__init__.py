"""Subtle drift: what a comparison of one feature after the other does not show. A step over rows, on request."""
