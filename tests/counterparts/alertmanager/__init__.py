"""A real Alertmanager, and what it decides of scripts of alerts: `make compare-alertmanager` keeps it."""
