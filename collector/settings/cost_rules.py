"""What destinations bill, as it is configured and as exporters have it themselves."""

from __future__ import annotations

from collector.component import Priced
from collector.domains.costs import RECORDS, CostRules
from collector.settings.model import Settings


def cost_rules(settings: Settings) -> CostRules:
    """With the prices that exporters have themselves."""
    configs = {name: component.config for name, component in settings.exporters.items()}
    own = {name: config.prices() for name, config in configs.items() if isinstance(config, Priced)}
    return settings.service.domains.costs.rules(own)


def price_of_a_million(settings: Settings) -> float:
    """What a million records cost at all exporters that bill records, where each of them gets all; 0: none does."""
    rules = cost_rules(settings)
    return sum(rules.prices.get(name, {}).get(RECORDS, 0.0) for name in settings.exporters)
