"""What commands that read a store share: since when, for whom, and a sentence where there is nothing to be read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from collector.cli.d1_store import d1_store, is_d1
from collector.cli.endings import misused, no_store, refuse
from collector.cli.noted_reading import note_reading
from collector.cli.store_path import store_path
from collector.moments import moment, seconds
from collector.scope import Scope

if TYPE_CHECKING:
    from collector.store.reading import Readable, Rows

_TIMEOUT_SECS = 30.0


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
def reading(
    data_dir: Path,
    store: Path | None,
    scope: Scope,
    what: str,
    configs: Sequence[str] | None = None,
    also: Sequence[str] = (),
) -> Iterator[Readable]:
    """The store, a file or D1, read-only, for whoever the scope names; see `sentences`. `configs`: where the account of D1 stands;
    `also`: confidential tables that are read."""
    from collector.store.d1_reading import D1Connection

    if store is None or not is_d1(store):
        with reading_file(data_dir, store, scope, what, also) as connection:
            yield connection
        return
    with asking(data_dir, store, scope, what, configs, also) as ask:
        yield D1Connection(ask)


@contextmanager
def asking(
    data_dir: Path,
    store: Path | None,
    scope: Scope,
    what: str,
    configs: Sequence[str] | None = None,
    also: Sequence[str] = (),
) -> Iterator[Callable[[str], Rows]]:
    """The same for who asks one question after the other, each for 30 s at most."""
    from collector.store.reading import query

    note_reading(data_dir, scope, what)

    if store is None or not is_d1(store):
        with _opened(data_dir, store, scope, what) as connection:
            yield lambda statement: query(connection, statement, timeout_secs=_TIMEOUT_SECS)
        return
    from collector.store.d1_reading import query as query_d1

    with sentences(what), d1_store(store, configs or [], _one_domain(scope), data_dir) as d1:
        yield lambda statement: d1.wait(query_d1(d1.database, statement, scope=scope, also=also), _TIMEOUT_SECS)


@contextmanager
def reading_file(
    data_dir: Path, store: Path | None, scope: Scope, what: str, also: Sequence[str] = ()
) -> Iterator[sqlite3.Connection]:
    """The store's file."""
    note_reading(data_dir, scope, what)
    with _opened(data_dir, store, scope, what, also) as connection:
        yield connection


@contextmanager
def _opened(
    data_dir: Path, store: Path | None, scope: Scope, what: str, also: Sequence[str] = ()
) -> Iterator[sqlite3.Connection]:
    from collector.store.reading import opened

    with sentences(what), opened(store_path(data_dir, store), scope, also) as connection:
        yield connection


def _one_domain(scope: Scope) -> str | None:
    """Where each domain has a database of its own, it names it."""
    domains = [] if scope.is_everything else scope.sorted()
    return domains[0] if len(domains) == 1 else None


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
