"""Anomalies that last: each is told when it begins, again when it becomes worth a call, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass

from processors.anomalies.findings import Finding

CALM_MINUTES = 6
"""So long an anomaly must not be found any more to be over."""
ACCEPTED_AFTER = 120
"""Minutes after which what is unusual is how things are now."""
COUNTED = frozenset({"spike", "drop", "silence", "severity_mix"})
OF_SERIES = COUNTED | {"step", "trend"}
"""Kinds whose row is one of the series; of the first, those that counts of a minute tell."""
_APART = 60
"""Minutes within which one that comes again calls nobody again."""


@dataclass(slots=True)
class Episode:
    """One under way. `row`: of the table that its finder looks at."""

    finding: Finding
    row: int
    seen_last: int
    paged: bool


class Episodes:
    """Those of a domain, by key."""

    def __init__(self) -> None:
        self.open: dict[str, Episode] = {}
        self.called: dict[str, int] = {}
        """Key → minute of the last call."""

    def found(self, finding: Finding, row: int, minute: int) -> Finding | None:
        """A finder finds it (again); what is to be told, if anything is."""
        episode = self.open.get(finding.key)
        page = finding.page and minute - self.called.get(finding.key, -_APART) >= _APART
        if episode is None:
            self.open[finding.key] = Episode(finding, row, minute, page)
        elif episode.paged or not page:
            episode.seen_last = minute
            return None
        else:
            finding = finding._replace(since=episode.finding.since)
            self.open[finding.key] = Episode(finding, row, minute, True)
        if page:
            self.called[finding.key] = minute
        return finding._replace(page=page)

    def settle(self, minute: int) -> list[Finding]:
        """Those that are over, with the minute."""
        done = [key for key, each in self.open.items() if minute - each.seen_last >= CALM_MINUTES]
        told = [self.open.pop(key).finding._replace(over=True, page=False) for key in done]
        if minute % _APART == 0:
            self.called = {key: at for key, at in self.called.items() if minute - at < 2 * _APART}
        return told

    def accept(self, minute: int) -> list[Episode]:
        """Those that have lasted so long that they are how things are now; they are open no more."""
        old = [
            key
            for key, each in self.open.items()
            if minute - each.finding.since >= ACCEPTED_AFTER and each.finding.kind != "prediction"
        ]
        return [self.open.pop(key) for key in old]

    def rows(self, kinds: frozenset[str], before: int = 1 << 62) -> list[int]:
        """Rows of those of some kinds that called somebody, and began before a minute."""
        return [
            each.row
            for each in self.open.values()
            if each.paged and each.finding.kind in kinds and each.finding.since < before
        ]
