"""The audit log as those see it who may: entries of their domains, the newest first, and where the chains stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from collector.audit.checkpoint import Checkpoint
from collector.scope import Scope
from collector.store import audit_reading
from collector.store.reading import Readable

TABLES = ("audit",)
MOST_DOMAINS = 200


@dataclass(frozen=True, slots=True)
class Page:
    """`before`: what the next page is asked with; None: there is none."""

    entries: Sequence[dict[str, Any]]
    before: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a domain's chain: its newest entry, and the newest checkpoint that the store has; None: none yet."""

    domain: str
    seq: int
    time_unix_nano: int
    checkpoint: Checkpoint | None


def entries(
    scope: Scope, since: int, until: int, limit: int, before: tuple[int, int] | None = None
) -> Callable[[Readable], Page]:
    """Of the time, of all domains of the scope."""
    place = before or (audit_reading.LAST, audit_reading.LAST)

    def ask(connection: Readable) -> Page:
        rows = [
            row
            for domain in _domains(connection, scope)
            for row in audit_reading.newest(connection, domain, since, until, limit + 1, place)
        ]
        rows.sort(key=lambda row: (-row["time_unix_nano"], -row["seq"], row["domain"]))
        shown = [_read(row) for row in rows[:limit]]
        last = shown[-1] if len(rows) > limit else None
        return Page(shown, (last["time_unix_nano"], last["seq"]) if last else None)

    return ask


def standings(scope: Scope) -> Callable[[Readable], list[Standing]]:
    """Of every chain of the scope."""

    def ask(connection: Readable) -> list[Standing]:
        return [found for domain in _domains(connection, scope) if (found := _standing(connection, domain)) is not None]

    return ask


def _domains(connection: Readable, scope: Scope) -> list[str]:
    return [domain for domain in audit_reading.domains(connection) if domain in scope][:MOST_DOMAINS]


def _standing(connection: Readable, domain: str) -> Standing | None:
    last = audit_reading.last(connection, domain)
    if last is None:
        return None
    kept = max(audit_reading.checkpoints(connection, domain), key=lambda one: one.seq, default=None)
    return Standing(domain, *last, kept)


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """With the entry as values."""
    try:
        said = orjson.loads(row["entry"] or "{}")
    except orjson.JSONDecodeError:  # somebody changed it: `logboom audit verify` says where
        said = {}
    return {**row, "entry": said if isinstance(said, dict) else {}}
