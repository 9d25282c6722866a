"""Options of `patterns`."""

from __future__ import annotations

from collector.component import Config


class PatternsConfig(Config):
    """What is set beside a domain's patterns."""

    template: bool = True
    """Write `logboom.pattern.template` to each record; the id alone is 16 characters, and `patterns` of a store has the template."""

    def keeps_state(self) -> bool:
        """Always: the patterns of each domain."""
        return True
