"""Bounds on what a domain names, at both ends of a pipeline that receivers feed.

    service names      in front of its processors: one that is too many becomes `{other}`; what it said is `logboom.service_name`
    attribute keys     behind them, so that those out of bodies count: attributes that are too many become one, `logboom.attributes`,
                       a JSON object of their keys and values

Nothing is lost, and no destination makes a field, an index or a series of each. Keys by which a record says what and where it
is are never too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.cardinality import OTHER, Bounds
from collector.columns.dictionary import Coded, Codes, encode
from collector.columns.tables import ValueKind, conform, stack
from collector.component import Processor, Work
from collector.documents.member_texts import table_members
from collector.domains.cardinality import ATTRIBUTE_KEYS, SERVICES, CardinalityRules

SERVICE, SERVICE_SAID, REST = "service.name", "logboom.service_name", "logboom.attributes"
EXEMPT = frozenset((
    SERVICE, SERVICE_SAID, REST, "service.namespace", "service.version", "service.instance.id", "host.name",
    "deployment.environment.name", "deployment.environment", "telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version",
    "exception.type", "exception.message", "exception.stacktrace", "error.type", "log.record.uid",
))  # fmt: skip
OnOver = Callable[[str, str, int, int], None]
"""(domain, kind, bound, how many names became another): called from the pipeline's thread."""
Mask = npt.NDArray[np.bool_]


class Guard(Processor, Protocol):
    """One of the two."""

    kind: str

    def numbers(self) -> Iterator[tuple[str, int]]:
        """(domain, how many it has)."""
        ...


class _Bounded:
    """What both do."""

    kind = ""

    def __init__(self, rules: CardinalityRules, on_over: OnOver = lambda *_: None) -> None:
        self._rules = rules
        self._on_over = on_over
        self._bounds = Bounds(self.kind, self._limit)

    def numbers(self) -> Iterator[tuple[str, int]]:
        return self._bounds.numbers()

    def _limit(self, domain: str) -> int:
        return self._rules.of(self.kind, domain)

    def _over(self, codes: Codes, names: Sequence[str], domains: Coded, work: Work) -> Mask | None:
        """Which rows have a name too many; None where none has."""
        codes = np.where(domains.codes < 0, np.int32(-1), codes)
        allowed = self._bounds.allowed(domains, codes, names, work)
        if allowed is None:
            return None
        over = ~allowed[domains.codes, codes]
        rows = np.bincount(domains.codes[over] + 1, minlength=len(domains.values) + 1)[1:]
        for place in np.flatnonzero(rows).tolist():
            domain = str(domains.values[place])
            self._on_over(domain, self.kind, self._limit(domain), int(rows[place]))
        return over


class ServiceNames(_Bounded):
    """In front of a pipeline's processors."""

    kind = SERVICES

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with services that are too many as `{other}`."""
        table = batch.resource_attributes
        rows = ((table.get_column("key") == SERVICE) & (table.get_column("kind") == ValueKind.STRING)).arg_true()
        if not len(rows) or not len(batch):
            return batch
        if self._bounds.knows(_domains(batch), _different(table.get_column("string").gather(rows)), work):
            return batch
        owners = table.get_column("owner").gather(rows).to_numpy()
        domains = _of_level(batch, "resource").at(owners)
        names = encode(table.get_column("string").gather(rows))
        over = self._over(names.codes, names.values.to_pylist(), domains, work)
        return (
            batch if over is None else replace(batch, resource_attributes=_renamed(table, rows.filter(pl.Series(over))))
        )


class AttributeKeys(_Bounded):
    """Behind a pipeline's processors. What these set (derived columns) is no key that a domain names."""

    kind = ATTRIBUTE_KEYS

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with attributes whose keys are too many as one."""
        if not len(batch):
            return batch
        changed: dict[str, Any] = {}
        for name, level in _LEVELS.items():
            table: pl.DataFrame = getattr(batch, name)
            if table.height and not self._is_known(table, batch, work):
                domains, height = _of_level(batch, level), getattr(batch, f"{level}s").height
                over = self._over_in(table, domains, work)
                changed |= {} if over is None else {name: _together(table, over, height)}
        return replace(batch, **changed) if changed else batch

    def _is_known(self, table: pl.DataFrame, batch: LogBatch, work: Work) -> bool:
        return self._bounds.knows(_domains(batch), _different(table.get_column("key")) - EXEMPT, work)

    def _over_in(self, table: pl.DataFrame, domains: Coded, work: Work) -> Mask | None:
        keys = encode(table.get_column("key"))
        names = keys.values.to_pylist()
        bound = [name not in EXEMPT for name in names]
        if not any(bound):
            return None
        codes = np.append(np.where(bound, np.cumsum(bound) - 1, -1), -1).astype(np.int32)[keys.codes]
        named = [name for name in names if name not in EXEMPT]
        return self._over(codes, named, domains.at(table.get_column("owner").to_numpy()), work)


GUARDS: Mapping[str, Callable[[CardinalityRules, OnOver], Guard]] = {
    SERVICES: ServiceNames,
    ATTRIBUTE_KEYS: AttributeKeys,
}
"""By what they bound."""


_LEVELS = {"attributes": "record", "resource_attributes": "resource", "scope_attributes": "scope"}
_FEW = 512


def _domains(batch: LogBatch) -> set[str]:
    """Those that its records may have."""
    return _different(batch.payloads.get_column("domain") if batch.payloads.height else batch.column("domain"))


def _different(texts: pl.Series) -> set[str]:
    """The values of a column, null left out; of few rows Python is the fastest."""
    found = set(texts.to_list() if len(texts) < _FEW else texts.unique().to_list())
    found.discard(None)
    return found


def _of_level(batch: LogBatch, level: str) -> Coded:
    """The domain of each record, resource or scope: of these that of their records, all of which came in one request."""
    domains = encode(batch.column("domain"))
    if level == "record":
        return domains
    codes = np.full(getattr(batch, f"{level}s").height, -1, dtype=np.int32)
    codes[batch.column(level).to_numpy()] = domains.codes
    return Coded(codes, domains.values)


def _renamed(table: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """Services at `rows` are `{other}`, and what they were is said beside that."""
    said = table[rows.to_numpy()].with_columns(key=pl.lit(SERVICE_SAID))
    names = table.get_column("string").clone().scatter(rows, [OTHER] * len(rows))
    return stack([table.with_columns(names), said]).sort("owner", maintain_order=True)


def _together(table: pl.DataFrame, over: Mask, height: int) -> pl.DataFrame:
    """Attributes that are too many as one of each owner."""
    mask = pl.Series(over)
    members = table_members(table.filter(mask), height)
    owners = (members != "").arg_true()
    texts = pl.select("{" + pl.lit(members.gather(owners)).str.slice(1) + "}").to_series()
    made = conform(
        pl.DataFrame({"owner": owners.cast(pl.UInt32), "string": texts}).with_columns(
            key=pl.lit(REST), kind=pl.lit(int(ValueKind.STRING), pl.UInt8)
        )
    )
    return stack([table.filter(~mask), made]).sort("owner", maintain_order=True)
