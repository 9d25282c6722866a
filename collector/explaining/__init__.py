"""Why a record was judged as it was: the processors of a configuration are asked again, in a transaction that is never committed.

asking.py   the processors of a pipeline, each about the record as it reaches it
stored.py   a row of the store as a record that was never judged
child.py    the same for a process that has no columns: one record, one answer, within bounds
"""
