"""A store's file, and records that are put into it, a commit at a time."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of

DOMAIN = "a.example"
_IDS = itertools.count()


class Writer:
    """A store, and records that are put into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._store = EmbeddedStore(path)
        self._store.select("SELECT 1")

    def put(self, *texts: str, domain: str = DOMAIN, at: int = 1_700_000_000 * 10**9) -> list[str]:
        """One commit; ids are of no order."""
        ids = [f"{random.getrandbits(60):019}{next(_IDS):07}" for _ in texts]
        made = [
            Row(ident, [], resource=[], fields={"domain": domain, "time_unix_nano": at, "body": text})
            for ident, text in zip(ids, texts, strict=True)
        ]
        self._store.insert(rows(batch_of(made), Limits()))
        return ids

    def close(self) -> None:
        self._store.close()
