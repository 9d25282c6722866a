"""What a detector found of the incidents, how soon, and how often it called for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weeks.disturbances import DAYS, MINUTES_A_DAY
from weeks.incidents import AMPLITUDES, Incident

_AFTERMATH = 60
"""Minutes behind an incident in which what is said of its service is no false page: things go back to normal."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a detector said: at the end of which minute (since the begin), of what kind, about what; whether it pages.

    Args:
        subject: ("series" | "endpoint" | "gauge", position), or ("service", 0).
    """

    at: int
    kind: str
    service: str
    subject: tuple[str, int]
    page: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Of one kind: incidents, found by a page, by a page of the same kind, told at all, within 5 minutes, delays in minutes."""

    incidents: int
    found: int
    named: int
    told: int
    soon: int
    delays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """All of it. `false_pages`: those that belong to no incident; `first_day`: pages before 24 h had passed."""

    rows: dict[str, Row]
    false_pages: tuple[Told, ...]
    first_day: int
    days: int = DAYS

    @property
    def recall(self) -> float:
        """Share of incidents that were paged."""
        return sum(row.found for row in self.rows.values()) / max(1, sum(row.incidents for row in self.rows.values()))

    @property
    def false_a_day(self) -> float:
        """False pages a day, over all days that were watched."""
        return len(self.false_pages) / self.days


def score(incidents: Sequence[Incident], told: Sequence[Told], days: int = DAYS) -> Score:
    """Compare, of so many days, of which incidents count that end in them. An incident is found when its own subject, or its service as a whole, is paged while it lasts."""
    whole = [each for each in incidents if each.end <= days * MINUTES_A_DAY]
    rows = {kind: _row([each for each in whole if each.kind == kind], told) for kind in AMPLITUDES}
    false = [each for each in told if each.page and not any(_near(incident, each) for incident in incidents)]
    first_day = sum(each.page and each.at < MINUTES_A_DAY for each in told)
    return Score(rows, tuple(false), first_day, days)


def _row(incidents: list[Incident], told: Sequence[Told]) -> Row:
    of_each = [[each for each in told if _about(incident, each)] for incident in incidents]
    pages = [[each for each in mine if each.page] for mine in of_each]
    delays = [
        max(0, min(each.at for each in mine) - incident.seen_from)
        for incident, mine in zip(incidents, pages, strict=True)
        if mine
    ]
    named = sum(
        any(each.kind == incident.kind for each in mine) for incident, mine in zip(incidents, pages, strict=True)
    )
    return Row(
        len(incidents), sum(map(bool, pages)), named, sum(map(bool, of_each)), sum(delay <= 5 for delay in delays),
        tuple(sorted(delays)),
    )  # fmt: skip


def _about(incident: Incident, told: Told) -> bool:
    if told.service != incident.service or not incident.start <= told.at < incident.end + 5:
        return False
    kind, position = told.subject
    own = {"series": incident.series, "endpoint": [incident.endpoint], "gauge": [incident.gauge], "service": [0]}
    return position in own[kind]


def _near(incident: Incident, told: Told) -> bool:
    return told.service == incident.service and incident.start <= told.at < incident.end + _AFTERMATH


def table(found: Score) -> str:
    """As Markdown."""
    lines = [
        "| kind | incidents | paged | under its name | told | within 5 min | median delay | longest |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind, row in found.rows.items():
        middle = f"{np.median(row.delays):g}" if row.delays else ""
        longest = f"{max(row.delays)}" if row.delays else ""
        cells = (kind, row.incidents, row.found, row.named, row.told, row.soon, middle, longest)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines.append("")
    lines.append(
        f"recall {found.recall:.2f}; {found.false_a_day:.2f} false pages a day; {found.first_day} pages in the first 24 h"
    )
    return "\n".join(lines)
