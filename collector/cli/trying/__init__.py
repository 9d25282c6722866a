"""Records through the processors and connectors of a configuration, without receivers and exporters: `logboom try`, `logboom test`."""
