"""Configurations, run by a real OpenTelemetry Collector and by logboom on the same records: `make compare-collector`."""
