"""Grafana's dashboards as code: the fleet, one model, one feature, a canary beside the stable version, the loop."""
