"""Kubernetes: the one client of its API server, the objects of a namespace, and the record of promotions there."""
