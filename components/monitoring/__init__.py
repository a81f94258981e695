"""Stage 7, monitoring: drift, rules, dashboards."""
