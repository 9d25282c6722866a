"""Deletes the rows of a person, or all of a domain, and finds what a person has there: in slices of rows by (domain, time), for there is
no index by person. On D1 every row that is read is billed, so each is read once.

A row is a candidate where one of its texts holds the value at all; whether it names the person is seen in its documents. The newest row of all
stays, emptied: the rowid must never go back. Tables of events keep their rows; the value in their texts is hidden. Counts by minute
name nobody, and stay.

What a slice removed is written down in its own transaction (`logboom_erasures`): who dies before it is told asks for the slice again, and is told
the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from collector.component import ErasedSlice, Erasure, FoundSlice, Subject
from collector.store.following import Question
from collector.store.minutes import ROLLUPS
from collector.store.projection import Projection
from collector.store.projections import PROJECTIONS
from collector.store.retention import MINUTE_NS
from collector.store.upkeep import Rows, Run

AT_ONCE = 2000
_TEXTS = ("attributes", "resource", "scope_attributes", "body")
_HOLDS = " OR ".join(f"ifnull(instr({name}, {needle}), 0) > 0" for name in _TEXTS for needle in ("?6", "?7"))
_ESCAPED = r"""ifnull(instr(body, '\u') + instr(body, '\/'), 0) > 0 AND substr(ltrim(body), 1, 1) IN ('{', '[')"""
"""A body of JSON text that may have the value in other characters: `Jos\\u00e9`."""
_SEEN = f"""WITH slice AS MATERIALIZED (
    SELECT rowid AS place, time_unix_nano AS at, record_id, attributes, resource, scope_attributes, body,
        (record_id < ?5 OR generation IS NOT NULL) AND ({_HOLDS} OR {_ESCAPED}) AS candidate
    FROM logs INDEXED BY logs_domain_time WHERE domain = ?1 AND (time_unix_nano, rowid) > (CAST(?2 AS INTEGER), CAST(?3 AS INTEGER))
    ORDER BY time_unix_nano, rowid LIMIT CAST(?4 AS INTEGER)
), last AS (SELECT at, place FROM slice ORDER BY at DESC, place DESC LIMIT 1)"""  # noqa: S608 - constants
CANDIDATES = f"""{_SEEN}
SELECT CAST(slice.at AS TEXT), slice.place, candidate, slice.attributes, slice.resource, slice.scope_attributes, slice.body
FROM slice, last WHERE candidate OR slice.place = last.place ORDER BY slice.at, slice.place"""  # noqa: S608 - constants
"""Parameters: a domain, the time and the rowid behind which, rows to look at, a record id, the value, the value as JSON has it. The last
row that was looked at is always among the answers."""
_NEWEST = "(SELECT max(rowid) FROM logs)"
DELETE_ROWS = f"DELETE FROM logs WHERE rowid IN (SELECT value FROM json_each(?1)) AND rowid < {_NEWEST} RETURNING 1"  # noqa: S608
_EMPTIED = """UPDATE logs SET body = NULL, body_is_json = 0, attributes = '{}', resource = '{}', scope_attributes = NULL,
    truncated = NULL, service_name = NULL, component = NULL, endpoint = NULL, scope_name = NULL, trace_id = NULL, span_id = NULL"""
EMPTY_NEWEST = f"{_EMPTIED} WHERE rowid = {_NEWEST} AND rowid IN (SELECT value FROM json_each(?1)) RETURNING 1"  # noqa: S608
_OF_DOMAIN = "FROM logs INDEXED BY logs_domain_time WHERE domain = ?1 AND record_id < ?2"
COUNT_DOMAIN = f"SELECT count(*) {_OF_DOMAIN} AND NOT (rowid = {_NEWEST} AND attributes = '{{}}' AND resource = '{{}}')"
DELETE_DOMAIN = f"""DELETE FROM logs WHERE rowid IN (SELECT rowid {_OF_DOMAIN} AND rowid < {_NEWEST} LIMIT CAST(?3 AS INTEGER))
    RETURNING 1"""  # noqa: S608 - constants
EMPTY_OF_DOMAIN = f"""{_EMPTIED} WHERE rowid = {_NEWEST} AND domain = ?1 AND record_id < ?2
    AND NOT (attributes = '{{}}' AND resource = '{{}}') RETURNING 1"""
FOUND = f"""{_SEEN}
SELECT CAST(slice.at AS TEXT), slice.place, candidate, slice.attributes, slice.resource, slice.scope_attributes, slice.body, slice.record_id,
    logs.domain, logs.severity_number, logs.severity_text, logs.event_name, logs.trace_id, logs.span_id, logs.scope_name, logs.body_is_json
FROM slice, last JOIN logs ON logs.rowid = slice.place WHERE candidate OR slice.place = last.place
ORDER BY slice.at, slice.place"""  # noqa: S608 - constants
_SHOWN = (
    "time_unix_nano", "", "", "attributes", "resource", "scope_attributes", "body", "record_id", "domain", "severity_number",
    "severity_text", "event_name", "trace_id", "span_id", "scope_name", "body_is_json",
)  # fmt: skip
_TABLES, _DOMAIN, _NEWEST_ROW = "tables", "domain", "newest"
MOST_WORDS = 1000
SAID = "SELECT next, records FROM logboom_erasures WHERE erasure = ?1 AND behind = ?2"
SAY = """INSERT OR REPLACE INTO logboom_erasures (erasure, behind, next, records)
    SELECT ?1, ?2, iif(changes() < CAST(?3 AS INTEGER), ?4, ?5), changes()"""
"""Behind the statement that deletes, in its transaction. Parameters: id of the erasure, of the slice, rows of a full one, where it goes on behind
the last one, and behind a full one."""
ADD_TO_SAID = "UPDATE logboom_erasures SET records = records + changes() WHERE erasure = ?1"
FORGET_SAID = (
    f"DELETE FROM logboom_erasures WHERE rowid <= (SELECT max(rowid) FROM logboom_erasures) - {MOST_WORDS} RETURNING 1"  # noqa: S608
)


_ERASED = [each for each in PROJECTIONS if not each.confidential]
"""The audit log is the account of what was done, erasures among it, and a chain: it stays until it expires."""


class StoreErasing:
    """Of one database. `run`: statements in one transaction. `at_once`: rows that a slice looks at."""

    def __init__(self, run: Run, at_once: int = AT_ONCE) -> None:
        self._run = run
        self._at_once = at_once

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """The next slice; the last one is that of the tables of events."""
        if after == _TABLES:
            await self._erase_tables(erasure)
            return ErasedSlice(0, None)
        if not erasure.counts_only and (said := await self._said(erasure, after)) is not None:
            return said
        if erasure.subject is None:
            return await self._erase_domain(erasure, after)
        found, last = await self._theirs(CANDIDATES, erasure, erasure.subject, after)
        behind = last or _TABLES
        if not found or erasure.counts_only:
            return ErasedSlice(len(found), behind)
        places = json.dumps([row[1] for row in found])
        say = (SAY, (erasure.id, after, "0", behind, behind))
        gone, _, emptied, _ = await self._ask(
            (DELETE_ROWS, (places,)), say, (EMPTY_NEWEST, (places,)), (ADD_TO_SAID, (erasure.id,))
        )
        return ErasedSlice(len(gone) + len(emptied), behind)

    async def find(self, erasure: Erasure, after: str) -> FoundSlice:
        """The rows of the next slice."""
        assert erasure.subject is not None, "of a domain as a whole there are backups"
        found, last = await self._theirs(FOUND, erasure, erasure.subject, after)
        return FoundSlice([_shown(row) for row in found], last)

    async def _theirs(self, statement: str, erasure: Erasure, subject: Subject, after: str) -> tuple[Rows, str | None]:
        """The rows of a slice that are the subject's, and behind which the next one begins."""
        at, place = after.split(" ") if after else (str(-(1 << 63)), "0")
        escaped = orjson.dumps(subject.value)[1:-1].decode()
        bounds = (erasure.domain, at, place, self._at_once, erasure.before_record_id, subject.value, escaped)
        (rows,) = await self._ask((statement, bounds))
        found = [row for row in rows if row[2] and _is_theirs(row[3:7], subject)]
        return found, f"{rows[-1][0]} {rows[-1][1]}" if rows else None

    async def _said(self, erasure: Erasure, after: str) -> ErasedSlice | None:
        """What was done already, by who died before it was told."""
        (rows,) = await self._ask((SAID, (erasure.id, after)))
        return ErasedSlice(int(str(rows[0][1])), str(rows[0][0])) if rows else None

    async def _erase_domain(self, erasure: Erasure, after: str) -> ErasedSlice:
        bounds = (erasure.domain, erasure.before_record_id)
        if erasure.counts_only:
            ((counted,),) = await self._ask((COUNT_DOMAIN, bounds))
            return ErasedSlice(int(str(counted[0])), None)
        if after == _NEWEST_ROW:
            say = (SAY, (erasure.id, after, "0", _TABLES, _TABLES))
            emptied, _ = await self._ask((EMPTY_OF_DOMAIN, bounds), say)
            return ErasedSlice(len(emptied), _TABLES)
        onward = f"{_DOMAIN} {int(after.partition(' ')[2] or 0) + 1}"  # each slice has a name of its own
        say = (SAY, (erasure.id, after, str(self._at_once), _NEWEST_ROW, onward))
        gone, _ = await self._ask((DELETE_DOMAIN, (*bounds, self._at_once)), say)
        return ErasedSlice(len(gone), onward if len(gone) >= self._at_once else _NEWEST_ROW)

    async def _erase_tables(self, erasure: Erasure) -> None:
        if erasure.counts_only:
            return
        await self._ask((SAY, (erasure.id, _TABLES, "0", "", "")), (FORGET_SAID, ()))
        if erasure.subject is None:
            until = -(-erasure.received_before_unix_nano // MINUTE_NS)  # minutes of what stays are counted on
            counts = [(minutes_of(each.name), (erasure.domain, until)) for each in ROLLUPS]
            await self._ask(*counts, *((delete_of(each.name), (erasure.domain,)) for each in _ERASED))
            return
        for projection in _ERASED:
            await self._hide(projection, erasure.domain, erasure.subject)

    async def _hide(self, projection: Projection, domain: str, subject: Subject) -> None:
        """The value in the texts of a table, where it is a word."""
        keys, texts = [each.name for each in projection.key], texts_of(projection)
        (rows,) = await self._ask((holding(projection), (domain, subject.value)))
        for row in rows:
            key, held = (
                row[: len(keys)],
                {name: str(text) for name, text in zip(texts, row[len(keys) :], strict=True) if text},
            )
            now = {name: hidden for name, text in held.items() if (hidden := subject.hidden_in(text)) != text}
            if now:
                await self._ask((hiding(projection, list(now)), (domain, *key, *now.values())))

    async def _ask(self, *questions: tuple[str, Sequence[object]]) -> Sequence[Rows]:
        return await self._run([Question(*each) for each in questions])


def delete_of(table: str) -> str:
    """All of a domain out of a table."""
    return f"DELETE FROM {table} WHERE domain = ?1 RETURNING 1"  # noqa: S608 - constants


def minutes_of(table: str) -> str:
    """Counts of a domain before a minute, and later ones of which no row is left: of a sender whose clock is ahead. Parameters: domain,
    minute."""
    return f"""DELETE FROM {table} WHERE domain = ?1 AND (minute < ?2 OR NOT EXISTS (
    SELECT 1 FROM logs INDEXED BY logs_domain_time WHERE domain = ?1 AND time_unix_nano >= minute * {MINUTE_NS}
    AND time_unix_nano < (minute + 1) * {MINUTE_NS} AND NOT (attributes = '{{}}' AND resource = '{{}}'))) RETURNING 1"""  # noqa: S608


def texts_of(projection: Projection) -> list[str]:
    """The columns of a table of events that hold what people or programs wrote."""
    return [each.name for each in projection.columns if each.kind == "TEXT"]


def holding(projection: Projection) -> str:
    """Key and texts of the rows of which one text holds a value. Parameters: domain, value."""
    texts = texts_of(projection)
    named = ", ".join([*(each.name for each in projection.key), *texts])
    holds = " OR ".join(f"ifnull(instr({name}, ?2), 0) > 0" for name in texts) or "0"
    return f"SELECT {named} FROM {projection.name} WHERE domain = ?1 AND ({holds})"  # noqa: S608 - constants


def hiding(projection: Projection, texts: Sequence[str]) -> str:
    """Writes the texts of one row. Parameters: domain, key, texts."""
    first = len(projection.key) + 2
    told = ", ".join(f"{name} = ?{first + place}" for place, name in enumerate(texts))
    where = " AND ".join(f"{each.name} = ?{place + 2}" for place, each in enumerate(projection.key))
    return f"UPDATE {projection.name} SET {told} WHERE domain = ?1 AND {where}"  # noqa: S608 - constants


def _is_theirs(texts: Sequence[object], subject: Subject) -> bool:
    """Whether the documents of a row (attributes, resource, scope, body) name the subject, or its texts hold the value as a word."""
    written = [str(text) for text in texts if text is not None]
    if subject.in_texts and any(subject.read_in(text) for text in written):
        return True
    return any(
        subject.named_in(document) or (subject.in_texts and subject.read_in(orjson.dumps(document).decode()))
        for document in _documents(written)
    )


def _documents(texts: Sequence[str]) -> Iterator[Any]:
    for text in texts:
        if text[:1] in "{[" or text.lstrip()[:1] in ("{", "["):
            try:
                yield orjson.loads(text)
            except orjson.JSONDecodeError:
                continue


def _shown(row: Sequence[object]) -> dict[str, Any]:
    """A row as it is handed out."""
    return {name: value for name, value in zip(_SHOWN, row, strict=True) if name and value is not None}
