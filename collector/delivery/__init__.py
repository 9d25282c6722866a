"""From the outbox to the exporters: batching, retry, back-off, dead letters, each exporter at its own pace."""
