"""Trials on Ray: on this machine or on a cluster, several at a time."""
