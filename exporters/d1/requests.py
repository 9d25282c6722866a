"""`LogBatch` → the bodies of D1 calls, one for each database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.outcomes import Items
from collector.store.d1 import INSERT, describing
from collector.store.d1_config import name_for
from collector.store.describing import Described, described, in_tables_alone
from collector.store.json_rows import bounded_row_texts, runs
from collector.store.mark import CHANGED
from collector.store.minutes import LOG_MINUTES, ROLLUPS
from collector.store.rollup import KEEP_INSERTED
from collector.store.rows import DERIVED, Limits


def _bare(statement: str) -> bytes:
    return b'{"sql":%b,"params":[]},' % orjson.dumps(statement)


_BEGIN = b'{"sql":%b,"params":["[' % orjson.dumps(INSERT)
_END = b']"]},'
_MARK = _bare(CHANGED)
_COUNT = _bare(LOG_MINUTES.add_changed)
_COUNT_ALL = b"".join(map(_bare, [KEEP_INSERTED, *(rollup.add_kept for rollup in ROLLUPS)]))
_GROUPED = (DERIVED["pattern_id"], DERIVED["issue_id"])
"""What records of the smaller tables of counts have."""
_PARAMETER_BYTES = 1_600_000
_ROW_BYTES = 1_900_000
"""D1 takes strings and rows of 2,000,000 bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """The records of one place (a database id, or a name that leads to one). `items`: None = the whole request.
    `domains`: how many of each.
    `body` is empty when there is no place for them. `oldest`: no record of the request has a smaller id. `marked`: the last answer
    of the body is the store's mark, for events among them change its tables."""

    place: str
    records: int
    body: bytes = b""
    items: Items | None = None
    oldest: str = ""
    marked: bool = False
    domains: Mapping[str, int] = field(default_factory=dict)


class Places:
    """Domain → place, by the options."""

    def __init__(self, databases: Mapping[str, str], database_id: str, database_name: str) -> None:
        self._databases = databases
        self._rest = database_id
        self._name = database_name
        self._seen: dict[str, set[str]] = {}

    def of(self, domain: str) -> str:
        """A database id, `name:` and a name, or "" when the domain has no database."""
        if found := self._databases.get(domain):
            return found
        if "{domain}" not in self._name:
            return f"name:{self._name}" if self._name else self._rest
        place = f"name:{name_for(self._name, domain)}"
        self._seen.setdefault(place, set()).add(domain)
        return place

    def domains_of(self, place: str) -> Sequence[str]:
        """The domains whose rows are there, as far as seen; "" = all that no other place is for."""
        named = [domain for domain, own in self._databases.items() if own == place]
        rest = [""] if place in (self._rest, f"name:{self._name}") else []
        return [*named, *rest, *sorted(self._seen.get(place, ()))]

    def fixed(self) -> Sequence[str]:
        """Those that are known without a record."""
        rest = self._rest or (f"name:{self._name}" if self._name and "{domain}" not in self._name else "")
        return sorted({*self._databases.values(), *([rest] if rest else [])})


def parts(batch: LogBatch, places: Places, limits: Limits) -> list[Part]:
    """One part for each place that the batch's domains lead to."""
    texts = bounded_row_texts(batch, limits, _ROW_BYTES)
    alone = in_tables_alone(batch)
    if alone is not None:
        texts = texts.set(alone, None)
    oldest = str(batch.column("record_id").min() or "")
    by_place: dict[str, list[str]] = {}
    numbers = batch.by_domain()
    for domain in numbers:
        by_place.setdefault(places.of(domain), []).append(domain)
    patterns = batch.attribute(_GROUPED[0]).is_not_null() | batch.attribute(_GROUPED[1]).is_not_null()
    if len(by_place) == 1:
        known, told = bool(patterns.any()), described(batch, limits.attribute_bytes)
        return [_part(place, texts, oldest, told, numbers, patterns=known) for place in by_place]
    domains = batch.column("domain").fill_null("")
    chosen = {place: domains.is_in(pl.Series(own).implode()) for place, own in by_place.items()}
    return [
        _part(
            place, texts.filter(mask), oldest, described(batch.filter(mask), limits.attribute_bytes),
            {domain: numbers[domain] for domain in by_place[place]}, mask.arg_true().to_numpy().astype(np.uint32), patterns=bool((patterns & mask).any()),
        )
        for place, mask in chosen.items()
    ]  # fmt: skip


def _part(
    place: str,
    texts: pl.Series,
    oldest: str,
    described: Sequence[Described],
    domains: Mapping[str, int],
    items: Items | None = None,
    *,
    patterns: bool,
) -> Part:
    body = _body(texts.drop_nulls(), described, _COUNT_ALL if patterns else _COUNT) if place else b""
    return Part(place, len(texts), body, items, oldest, bool(described), domains)


def _body(texts: pl.Series, described: Sequence[Described], count: bytes) -> bytes:
    """What `collector.store.d1.encoded` makes of the statements: inserts, behind each what counts the rows that it inserted, and
    what events describe. The rows in the parameters of inserts are escaped already."""
    pieces: list[bytes | memoryview] = [b'{"batch":[']
    for run in runs(texts, _PARAMETER_BYTES):
        pieces += [_BEGIN, run, _END, count]
    for statement in [one for table in described for one in describing(table)]:
        pieces += [orjson.dumps({"sql": statement.sql, "params": statement.parameters}), b","]
    if described or len(pieces) == 1:
        pieces.append(_MARK)
    return b"".join([*pieces[:-1], pieces[-1][:-1], b"]}"])
