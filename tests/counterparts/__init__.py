"""The other side of tests: real systems and strict doubles of vendors, the peers' cases, senders, readers of what was written."""
