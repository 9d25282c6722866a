"""Copies of a data directory elsewhere: in a folder or an object storage, by content, checked.

    data directory ──frozen──► files ──► chunks, named by their content ──► target
                                   └──► a snapshot: which chunks make which file; a tail: what its store did after it

`target.py` is where they are kept, `repository.py` what is kept there, `snapshots.py` takes and brings back, `tail.py` follows a store.
"""
