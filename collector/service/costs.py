"""The supervisor's book of what exporters' destinations bill, and what is told of budgets."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from collector.control.catalogue import BUDGET_REACHED
from collector.control.reporter import Reporter, nobody
from collector.domains.costs import FILE, PERIODS, RECORDS, CostBook, Counted
from collector.outcomes import Counts, Outcome
from collector.service.channel import Child
from collector.settings.cost_rules import cost_rules
from collector.settings.model import Settings

log = logging.getLogger("logboom.limits")
_EXPORTER = "exporter/"


class Costs:
    """Of one supervisor.

    Args:
        root: the data directory.
    """

    def __init__(self, root: Path, reporter: Reporter | None = None) -> None:
        self._path = root / FILE
        self._book: CostBook | None = None
        self._reporter = reporter or nobody()

    def begin(self, settings: Settings, counts: Callable[[], Counts]) -> None:
        """Before anything is delivered: what is counted by now was paid, where no book was kept."""
        if cost_rules(settings).prices and not self._path.exists() and settings.service.ledger.kafka is None:
            self.look(settings, counts(), ())

    def look(
        self, settings: Settings, counts: Counts, children: Iterable[Child], grown: Counts | None = None
    ) -> dict[tuple[str, str], float]:
        """Take over what was counted; (domain, period) → spent. Nothing is written where nothing costs anything. `grown`: what was counted
        since the process began, where partitions bring along what others counted: that was theirs to pay."""
        rules = cost_rules(settings)
        if self._book is None and not rules.prices:
            return {}
        self._book = self._book or CostBook(self._path)
        kept, passing = (counts, Counts()) if grown is None else (Counts(), grown)
        self._book.look(rules, _delivered(kept), chain(_billed(children), _delivered(passing)), time.time())
        for domain, period, share, spent in self._book.news(rules):
            self._tell(domain, period, share, spent, rules.of_domain(domain)[period])
        return {
            (domain, period): amount
            for domain, spent in self._book.spent().items()
            for period, amount in zip(PERIODS, spent, strict=True)
        }

    def _tell(self, domain: str, period: str, share: float, spent: float, most: float) -> None:
        body = f"{domain} has spent {spent:.2f}, {share:.0%} of the {most:g} that it may spend a {period}"
        log.warning("%s", body)
        self._reporter.tell(
            BUDGET_REACHED, body,
            {"logboom.domain": domain, "logboom.period": period, "logboom.share": share, "logboom.spent": round(spent, 6),
             "logboom.most": most},
            concerned=domain,
        )  # fmt: skip


def _delivered(counts: Counts) -> Iterator[Counted]:
    """Records that exporters delivered, as they are counted on disk."""
    for (domain, component, outcome), records in counts.items():
        if outcome == Outcome.EXPORTED and component.startswith(_EXPORTER):
            exporter = component.removeprefix(_EXPORTER)
            yield Counted(f"{exporter} {domain}", exporter, domain, RECORDS, records)


def _billed(children: Iterable[Child]) -> Iterator[Counted]:
    """What destinations told the workers."""
    for child in children:
        for exporter, stats in child.last_report.stats.get("exporters", {}).items():
            for domain, unit, number in stats.get("billed", ()):
                yield Counted(f"{child.name} {child.pid} {exporter} {domain} {unit}", exporter, domain, unit, number)
