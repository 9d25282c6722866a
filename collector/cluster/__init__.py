"""Journal and ledger on Kafka: the same pipelines on several machines, each partition owned by one of them at a time."""
