"""Stage 5, testing: score, slice, gate, compare."""
