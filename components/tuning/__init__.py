"""Stage 3, tuning: search for the best settings."""
