"""Encryption at rest: what waits on disk, and fields that go to stores, under keys of their domain.

    master key   wraps a random key a domain, which wraps     master_key.py, sources.py (file, environment, command, plugins)
    domain key   random data keys, one a domain and day       key_store.py: keys.db, apart from data and backups
    data key     AES-256-GCM of what is kept                  cipher.py

`keys.py` is what others see of it, `key_ring.py` what a process holds. No key is made of another one: what was destroyed can't be
made again, so it is unreadable wherever a copy of it lies, in backups, too.
"""

from collector.encryption.keys import Keys, Sealed

__all__ = ["Keys", "Sealed"]
