"""Contracts: the files that one stage writes and another reads, and the errors of all stages."""
