"""How many different things a domain may name: what each has a place, an index or a series for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SERVICES, ATTRIBUTE_KEYS = "services", "attribute_keys"


@dataclass(frozen=True, slots=True)
class CardinalityRules:
    """As configured under `service.domains.cardinality`; 0 = no bound.

    Args:
        most: kind (`SERVICES`, `ATTRIBUTE_KEYS`) → so many in each domain.
        overrides: domain → bounds that stand in place of `most`, kind by kind.
    """

    most: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, kind: str, domain: str) -> int:
        """What counts for a domain."""
        return self.overrides.get(domain, {}).get(kind, self.most.get(kind, 0))

    def any(self, kind: str) -> bool:
        """Whether a domain has a bound."""
        return any(bounds.get(kind) for bounds in (self.most, *self.overrides.values()))
