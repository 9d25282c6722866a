"""How much a domain, and each credential of it, may send: rates by unit, and who has which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.domains.rate_table import UNITS

Rates = Mapping[str, float]
"""Unit of `UNITS` → so many a second; a unit that is missing has no limit."""
_PER_SECOND = "_per_second"


@dataclass(frozen=True, slots=True)
class LimitRules:
    """As configured under `service.domains.limits`.

    Args:
        rates: of each domain.
        burst_secs: so many seconds of a rate may come at once.
        per_key: of each credential, beside those of its domain.
        overrides: domain → rates that stand in place of `rates`, unit by unit; 0 = no limit.
    """

    rates: Rates = field(default_factory=dict)
    burst_secs: float = 10.0
    per_key: Rates = field(default_factory=dict)
    overrides: Mapping[str, Rates] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether they limit anything (a credential's own limit counts whatever they say)."""
        return bool(self.rates or self.per_key or self.overrides)

    def of_domain(self, domain: str) -> Rates:
        """What counts for a domain."""
        return {unit: rate for unit, rate in {**self.rates, **self.overrides.get(domain, {})}.items() if rate}

    def of_key(self, own: Mapping[str, float]) -> Rates:
        """What counts for a credential with limits of its own (`records_per_second` …)."""
        named = {unit: own[unit + _PER_SECOND] for unit in UNITS if unit + _PER_SECOND in own}
        return {unit: rate for unit, rate in {**self.per_key, **named}.items() if rate}
