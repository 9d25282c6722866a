"""What commands that read a store share: since when, for whom, and a sentence where there is nothing to be read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.cli.endings import misused, no_store, refuse
from collector.cli.moments import moment, seconds
from collector.cli.store_path import store_path
from collector.scope import Scope


def past(text: str, now: float | None = None) -> int:
    """`7d` (ago) or a moment, in nanoseconds; ends the command where it is neither."""
    now = time.time() if now is None else now
    try:
        return int((now - seconds(text)) * 1e9)
    except ValueError:
        try:
            return moment(text, now) * 10**9
        except ValueError as problem:
            misused(str(problem))


@contextmanager
def reading(data_dir: Path, store: Path | None, scope: Scope, what: str) -> Iterator[sqlite3.Connection]:
    """The store's file, read-only, for whoever the scope names; see `sentences`."""
    from collector.store.reading import opened

    with sentences(what), opened(store_path(data_dir, store), scope) as connection:
        yield connection


@contextmanager
def sentences(what: str) -> Iterator[None]:
    """What goes wrong with a store ends the command with a sentence. `what`: what it is asked for, `issues`."""
    from collector.store.reading import NoStore, QueryRefused

    try:
        yield
    except NoStore as error:
        no_store(str(error))
    except QueryRefused as error:
        refuse(str(error))
    except sqlite3.Error as error:
        if "no such table" in str(error) or "no such column" in str(error):
            refuse(f"the store has no {what}: it was made by an older logboom, which this one has not opened yet")
        refuse(f"the store can't be read: {error}")
