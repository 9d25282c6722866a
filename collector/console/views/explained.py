"""Why a record was judged as it was: what is stored of it, and what the processors say of it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.console.parts import Parts
from collector.console.refusal import NotFound
from collector.console.views.records import Row
from collector.explaining.asking import NoPipeline, pipeline_of
from collector.explaining.child import Order
from collector.explaining.stored import COLUMNS

_MOST_SHOWN = 200
SUBJECTS: Mapping[str, tuple[str, str]] = {
    "severity_number": ("Severity", "severity_number"),
    "logboom.source_type": ("Source type", "source_type"),
    "logboom.error_type": ("Error type", "error_type"),
    "logboom.component": ("Component", "component"),
    "logboom.endpoint": ("Endpoint", "endpoint"),
    "deployment.environment.name": ("Environment", "environment"),
    "logboom.http_status": ("HTTP status", ""),
    "logboom.triage.level": ("Level", "level"),
    "logboom.pattern.id": ("Pattern", "pattern_id"),
    "logboom.issue.id": ("Issue", "issue_id"),
}
"""What is decided of a record → how it is called, and the column that holds what was decided when it came; empty: none does."""


@dataclass(frozen=True, slots=True)
class Explained:
    """`told`: evidence, in the order in which it was asked, by the configuration as it is now. `stored`: what was decided when the record came."""

    pipeline: str
    told: Sequence[Mapping[str, Any]]
    stored: Mapping[str, Any]


async def explain(
    made: Parts, row: Row, pipeline: str = "", *, everything: bool = False, files: bool = False
) -> Explained:
    """Of a row of the store, as it is there: what is said of it is masked here.

    Args:
        pipeline: whose processors are asked; the first of the configuration without it.
        everything: also the evidence that did not count.
        files: say where rules are from, which is a path of this machine.

    Raises:
        Refused: there is no such pipeline (404), too many ask (429), it did not end within its bounds (503).
    """
    try:
        name = pipeline_of(made.settings, pipeline or None)
    except NoPipeline as problem:
        raise NotFound("such pipeline") from problem
    order = Order(made.settings, name, {column: row[column] for column in COLUMNS}, made.root)
    told = await made.explainer.ask((name, row["domain"], row["record_id"]), order)
    stored = {subject: row[column] for subject, (_, column) in SUBJECTS.items() if row.get(column) is not None}
    shown = [_for(each, files=files) for each in told if everything or each["decides"]][:_MOST_SHOWN]
    if made.masks is not None:
        return Explained(name, made.masks.value(shown), made.masks.value(stored))
    return Explained(name, shown, stored)


def _for(told: Mapping[str, Any], *, files: bool) -> Mapping[str, Any]:
    if files:
        return told
    return {**told, "details": {name: text for name, text in told["details"].items() if name != "from"}}
