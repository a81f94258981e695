"""Benchmarks against peers: ``python -m benchmarks`` runs all and prints one table, ``python -m benchmarks.NAME`` one.

Each measures pairs, ours and the peer's in turn, on the same inputs with equal outputs. ``--quick`` runs the whole code
path once on a small input; its figures mean nothing.
"""
