"""Lines of text, which are read one by one: of patterns whose places say something, a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from collector.columns import tables
from processors.anomalies import wildcards
from processors.anomalies.observation import Observation
from processors.anomalies.view import MOST_LINES, TEMPLATE, View


def read(view: View, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]]) -> None:
    """Of patterns whose places say something a sample of lines, evenly over the batch."""
    if not len(view.pattern.values) or TEMPLATE not in view.batch.derived.columns:
        return
    plans = [wildcards.plan(template) if template else None for template in _templates(view)]
    planned = np.array([*(each is not None for each in plans), False], np.bool_)
    rows = np.flatnonzero(planned[view.pattern.codes])
    if len(rows) > MOST_LINES:
        rows = rows[:: -(-len(rows) // MOST_LINES)]
    if not len(rows):
        return
    bodies = tables.values_at(view.batch.column("body"), rows).to_list()
    words: Counter[tuple[int, str, str]] = Counter()
    durations: dict[int, float] = {}
    for row, body in zip(rows.tolist(), bodies, strict=True):
        plan = plans[view.pattern.codes[row]]
        for each in wildcards.read(plan, body) if body and plan else ():
            if each.word:
                words[int(view.codes[row]), f"wildcard {each.place + 1}", each.word] += 1
            elif each.duration is not None:
                durations.setdefault(row, each.duration)
            elif each.number is not None:
                pattern, template = view.text(view.pattern, row), view.template(row)
                view.number(row, found, f"{each.place + 1}", each.limit, each.number, template, pattern)
    for (code, name, word), records in words.items():
        domain, place = places[code]
        found[domain][0].values.append((place, name, word, records, int(view.minute[view.first[code]])))
    view.durations(found, np.array([*durations], np.int64), np.array([*durations.values()]))


def _templates(view: View) -> list[str | None]:
    """The template of each pattern of the batch."""
    first = np.zeros(len(view.pattern.values), np.int64)
    codes = view.pattern.codes
    some = codes >= 0
    first[codes[some][::-1]] = np.flatnonzero(some)[::-1]
    found: list[str | None] = tables.values_at(view.batch.attribute(TEMPLATE), first).to_list()
    return found
