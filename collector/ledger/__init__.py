"""The ledger: cursors, state, counts and outbox of one partition, changed together or not at all."""
