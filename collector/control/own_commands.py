"""The commands that are logboom's own, each with who carries it out."""

from __future__ import annotations

from collections.abc import Mapping

from collector.component import Applied, Command, Refused, TakesCommands, Work


class OwnCommands:
    """Gives each to its taker, by name."""

    def __init__(self, takers: Mapping[str, TakesCommands]) -> None:
        self._takers = takers

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """See `TakesCommands`."""
        return self._takers[command.name].command(command, work)
