"""Options of the `nop` exporter."""

from __future__ import annotations

from collector.delivery.config import DeliveryConfig


class NopConfig(DeliveryConfig):
    """Only what every exporter has."""

    def not_erased(self) -> str:
        """See `DeliveryConfig`: nothing is kept."""
        return ""

    def carries(self, signal: str) -> str:  # noqa: ARG002 - it looks at nothing
        """See `CarriesSignals`."""
        return ""
