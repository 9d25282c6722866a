"""What was decided about the pattern of each record of a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, encode
from collector.component import Work
from processors.aggregate.decisions import ID, TEMPLATE, Decision, Merger, expression, follow, read

CHANGED = "logboom.pattern.changed"
_INTO = "logboom.pattern.merged_into"


def follow_mergers(batch: LogBatch, work: Work) -> None:
    """Decisions about patterns that are part of others from this batch on (`CHANGED`) go along with them."""
    made = batch.generation
    if made is None or not (made > 0).any():
        return
    events = batch.filter(made > 0)
    told = [events.attribute_text(name).fill_null("").to_list() for name in (ID, TEMPLATE, _INTO)]
    of_domain: dict[str, list[Merger]] = {}
    for domain, *said in zip(events.column("domain").to_list(), *told, strict=True):
        if said[-1]:
            of_domain.setdefault(domain, []).append(Merger(*said))
    for domain, mergers in of_domain.items():
        follow(mergers, work.state(domain))


def decided_about(batch: LogBatch, work: Work) -> tuple[Coded, list[Decision | None]] | None:
    """For each record the place of the decision about it, -1 where there is none; None where nothing is decided."""
    domains = encode(batch.column("domain"))
    found = {domain: read(work.state(domain)) for domain in domains.values.to_pylist()}
    if not any(found.values()):
        return None
    places, decisions = _of_records(domains, encode(batch.attribute(ID)), found)
    return _with_parts(batch, places, decisions, found)


def _of_records(
    domains: Coded, patterns: Coded, found: Mapping[str, Mapping[str, Decision]]
) -> tuple[Coded, list[Decision | None]]:
    """A decision for each pair of domain and pattern."""
    width = len(patterns.values) + 1
    names = patterns.values.to_pylist()
    decisions: list[Decision | None] = [
        found[domain].get(name) for domain in domains.values.to_pylist() for name in [*names, ""]
    ]
    codes = np.where((domains.codes < 0) | (patterns.codes < 0), -1, domains.codes * width + patterns.codes)
    return Coded(codes.astype(np.int32), domains.values), decisions


def _with_parts(
    batch: LogBatch, places: Coded, decisions: list[Decision | None], found: Mapping[str, Mapping[str, Decision]]
) -> tuple[Coded, list[Decision | None]]:
    """Of patterns that stand for more than they did: for the lines alone that were decided about; of those that are part of others now: for these
    lines of the other, where nobody decided about that."""
    codes = places.codes.copy()
    for domain, standing in found.items():
        for pattern, one in standing.items():
            if one.into and one.into not in standing:
                codes[_fitting(batch, _of(batch, domain, one.into), one)] = len(decisions)
                decisions.append(one)
            elif (
                one.template
                and len(rows := _of(batch, domain, pattern))
                and batch.attribute(TEMPLATE)[int(rows[0])] != one.template
            ):
                codes[rows.to_numpy()] = -1
                codes[_fitting(batch, rows, one)] = len(decisions)
                decisions.append(one)
    return Coded(codes, places.values), decisions


def _of(batch: LogBatch, domain: str, pattern: str) -> pl.Series:
    """The records of a pattern."""
    return ((batch.column("domain") == domain) & (batch.attribute(ID) == pattern)).fill_null(False).arg_true()


def _fitting(batch: LogBatch, rows: pl.Series, one: Decision) -> npt.NDArray[np.uint32]:
    """Those of some records that are as the pattern was."""
    lines = batch.column("body").gather(rows)
    found: npt.NDArray[np.uint32] = rows.filter(
        lines.str.contains(expression(one.template)).fill_null(False)
    ).to_numpy()
    return found
