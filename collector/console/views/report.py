"""What a time brought, with what it costs: the store's report, prices of the configuration, and what the supervisor knows to be billed."""

from __future__ import annotations

from collections.abc import Callable

from collector.console.asking import Asked
from collector.console.parts import Parts
from collector.domains.costs import PERIODS
from collector.scope import Scope
from collector.settings.cost_rules import cost_rules, price_of_a_million
from collector.store import report_reading
from collector.store.reading import Readable


def report(made: Parts, wanted: Asked) -> Callable[[Readable], report_reading.Report]:
    """Of a time and the domains of the scope."""
    domains = [wanted.domain] if wanted.domain else None
    price, spent = price_of_a_million(made.settings), _spent(made, wanted.scope)
    return lambda connection: report_reading.report(
        connection, wanted.since, wanted.until, domains, price=price, spent=spent
    )


def bills(made: Parts) -> bool:
    """Whether anything costs anything: then a report also says what the supervisor knows, which moves by itself."""
    return bool(cost_rules(made.settings).prices)


def _spent(made: Parts, scope: Scope) -> dict[str, tuple[float, float]]:
    """As the supervisor last told; nothing before that."""
    costs = made.state.now.snapshot.costs if made.state.now is not None else {}
    day, month = PERIODS
    names = sorted({domain for domain, _ in costs if domain in scope})
    return {name: (costs.get((name, day), 0.0), costs.get((name, month), 0.0)) for name in names}
