"""Engines: what chooses the settings that a search tries."""
