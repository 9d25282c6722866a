"""The audit log: who did and read what, as a chain in which nothing can be changed unseen.

    entry.py         one entry: its canonical text, its place in the chain, the head of a chain
    checkpoint.py    the head of a chain, signed: what shows that the end was cut off
    key.py           the key that signs, in `audit.key`
    verifying.py     where a chain breaks, and how
    found.py         checkpoints in what other destinations keep: lines of JSON, another store

Each domain has a chain of its own. It is made in the transaction of the step that takes the control records
(`collector.pipeline.auditing`), so an entry is in it exactly once, whatever dies. A chain alone does not show that its newest
entries are missing, or that all of it was written anew by somebody who can write the store: checkpoints that another destination
keeps do.
"""
