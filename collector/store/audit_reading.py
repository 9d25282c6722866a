"""What a store says of the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from collector.audit.checkpoint import Checkpoint
from collector.audit.entry import CHECKPOINT
from collector.audit.verifying import SHOWN, Row
from collector.store.reading import Readable
from collector.store.retention import DOMAINS, domains_of

LISTED = (
    "domain",
    "seq",
    "time_unix_nano",
    "received_unix_nano",
    "action",
    "who",
    "why",
    "address",
    "event",
    "entry",
    "hash",
)
_COLUMNS = {"received": "received_unix_nano", "expires": "expires_unix_nano", "time": "time_unix_nano"}
_PAGE = 1000
_DOMAINS = domains_of("audit")
NEWEST = (
    f"SELECT {', '.join(LISTED)} FROM audit WHERE domain = ?1 AND time_unix_nano >= ?2 AND time_unix_nano < ?3"  # noqa: S608 - constants
    " AND (time_unix_nano, seq) < (?4, ?5) ORDER BY time_unix_nano DESC, seq DESC LIMIT ?6"
)
"""Parameters: domain, from, to (ns), a time and a number that the last page ended with, rows at most."""
CHAIN = (
    f"SELECT seq, hash, previous, entry, {', '.join(_COLUMNS.get(name, name) for name in SHOWN)} FROM audit"  # noqa: S608 - constants
    " WHERE domain = ?1 AND (seq, hash) > (?2, ?3) ORDER BY seq, hash LIMIT ?4"
)
"""Parameters: domain, number and hash of the last one that is known, rows at most."""
CHECKPOINTS = "SELECT attributes FROM logs WHERE domain = ?1 AND generation IS NOT NULL AND event_name = ?2"
LAST_ENTRY = "SELECT seq, time_unix_nano FROM audit WHERE domain = ?1 ORDER BY seq DESC, hash DESC LIMIT 1"
LAST = 1 << 62


def domains(connection: Readable) -> list[str]:
    """Those that have a chain."""
    return [str(domain) for (domain,) in connection.execute(_DOMAINS)]


def newest(
    connection: Readable, domain: str, since: int, until: int, limit: int, before: tuple[int, int] = (LAST, LAST)
) -> list[dict[str, Any]]:
    """A domain's entries of a time, the newest first. `before`: time and number of the last one that is known."""
    rows = connection.execute(NEWEST, (domain, since, until, *before, limit))
    return [dict(zip(LISTED, row, strict=True)) for row in rows]


def chain(connection: Readable, domain: str) -> Iterator[Row]:
    """A domain's entries by number, a page at a time."""
    seq, hash_ = -1, ""
    while True:
        page = connection.execute(CHAIN, (domain, seq, hash_, _PAGE)).fetchall()
        for seq, hash_, previous, text, *shown in page:
            yield Row(
                domain, int(seq), str(hash_), str(previous or ""), str(text or ""), dict(zip(SHOWN, shown, strict=True))
            )
        if len(page) < _PAGE:
            return


def checkpoints(connection: Readable, domain: str) -> Sequence[Checkpoint]:
    """Those that the store has itself."""
    rows = connection.execute(CHECKPOINTS, (domain, CHECKPOINT)).fetchall()
    found = (Checkpoint.read(orjson.loads(str(attributes or "{}"))) for (attributes,) in rows)
    return [each for each in found if each is not None]


def all_checkpoints(connection: Readable) -> Sequence[Checkpoint]:
    """Those of all domains of a store."""
    return [
        each for (domain,) in connection.execute(DOMAINS).fetchall() for each in checkpoints(connection, str(domain))
    ]


def last(connection: Readable, domain: str) -> tuple[int, int] | None:
    """Number and time of a domain's newest entry."""
    row = connection.execute(LAST_ENTRY, (domain,)).fetchone()
    return None if row is None else (int(row[0]), int(row[1]))
