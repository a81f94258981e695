"""Dates: reading them from texts, writing them by a format, and their units."""
