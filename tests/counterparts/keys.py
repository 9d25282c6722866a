"""Keys of domains for tests: a key ring of its own file, with a master key that nobody else has."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from collector.encryption.key_ring import KeyRing
from collector.encryption.key_store import FILE
from collector.encryption.master_key import LocalMasterKey, new_master_key

MASTER = new_master_key()


def key_ring(root: Path, seals: bool = True, now: Callable[[], float] = time.time) -> KeyRing:
    """The keys in `root`; another one of the same folder is another process."""
    ring = KeyRing(root / FILE, lambda: LocalMasterKey(lambda: [MASTER]), seals, now)
    ring.check()
    return ring


def bytes_in(*roots: Path) -> bytes:
    """Every byte of every file below, one after the other."""
    return b"\n".join(path.read_bytes() for root in roots for path in sorted(root.rglob("*")) if path.is_file())
