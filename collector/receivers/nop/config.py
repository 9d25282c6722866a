"""Options of the `nop` receiver."""

from __future__ import annotations

from collector.component import Config


class NopReceiverConfig(Config):
    """None."""
