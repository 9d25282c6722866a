"""Where journal and ledger live, behind one seam.

`interface.py` says what there is to open; `local.py` is the one that keeps all of it in LMDB, below a data directory. Nobody else
opens an environment.
"""
