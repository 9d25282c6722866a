"""Kafka as the rest of logboom sees it: what is asked of a cluster of brokers (`wire`), and who asks real ones."""
