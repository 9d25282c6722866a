"""What was decided about the pattern of each record of a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, encode
from collector.columns.tables import values_at
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
    patterns = encode(batch.attribute(ID))
    places, decisions = _of_records(domains, patterns, found)
    return _with_parts(_Lines(batch, domains, patterns), places, decisions, found)


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
    lines: _Lines, places: Coded, decisions: list[Decision | None], found: Mapping[str, Mapping[str, Decision]]
) -> tuple[Coded, list[Decision | None]]:
    """Of patterns that stand for more than they did: for the lines alone that were decided about; of those that are part of others now: for these
    lines of the other, where nobody decided about that. Only of patterns that occur: of a thousand decisions a batch meets few."""
    codes = places.codes.copy()
    for domain, standing in found.items():
        for pattern, one in standing.items():
            if one.into and one.into in lines and one.into not in standing:
                codes[_fitting(lines.batch, lines.of(domain, one.into), one)] = len(decisions)
                decisions.append(one)
            elif (
                one.template
                and pattern in lines
                and len(rows := lines.of(domain, pattern))
                and lines.batch.attribute(TEMPLATE)[int(rows[0])] != one.template
            ):
                codes[rows] = -1
                codes[_fitting(lines.batch, rows, one)] = len(decisions)
                decisions.append(one)
    return Coded(codes, places.values), decisions


class _Lines:
    """Which records of a batch are of which domain and pattern."""

    def __init__(self, batch: LogBatch, domains: Coded, patterns: Coded) -> None:
        self.batch = batch
        self._domains, self._patterns = domains.codes, patterns.codes
        self._of_domain, self._of_pattern = (
            {name: code for code, name in enumerate(coded.values.to_pylist())} for coded in (domains, patterns)
        )

    def __contains__(self, pattern: object) -> bool:
        return pattern in self._of_pattern

    def of(self, domain: str, pattern: str) -> npt.NDArray[np.intp]:
        """The records of a domain's pattern, which occurs."""
        its = self._domains == self._of_domain[domain]
        return np.flatnonzero(its & (self._patterns == self._of_pattern[pattern]))


def _fitting(batch: LogBatch, rows: npt.NDArray[np.intp], one: Decision) -> npt.NDArray[np.intp]:
    """Those of some records that are as the pattern was."""
    bodies = values_at(batch.column("body"), rows)
    fits: npt.NDArray[np.bool_] = bodies.str.contains(expression(one.template)).fill_null(False).to_numpy()
    return np.asarray(rows[fits])
