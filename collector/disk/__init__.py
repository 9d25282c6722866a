"""One LMDB environment done right: created, allocated in steps, locked, measured, opened once a process, found again.

environment.py   the environment of one directory, and its one writer
changes.py       what a transaction changed, for a log that has it first
allocation.py    its file grows in steps, ahead of need
handle.py        one open environment of a path in a process, however many use it
freelist.py      pages in use, from LMDB's own free list
compacting.py    the same written anew, without what was deleted of it
slack.py         what stands behind its values, overwritten
chunks.py        values larger than a page, cut so that they reuse free pages
directory.py     folders, lock files and fsync of what is in them
"""
