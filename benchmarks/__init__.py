"""Benchmarks: ``python -m benchmarks.NAME`` prints ``ours / peer = ratio (min–max)`` from alternating runs."""
