"""Runs commands of a list. What an alert is about stands on their input, as JSON, never in their arguments."""

from __future__ import annotations

from pathlib import Path

from collector.component import Context
from collector.responses.acting import Acts
from collector.responses.facts import facts
from collector.responses.outcome import Done, NotDone
from collector.responses.response import Response
from exporters.command.config import CommandConfig
from exporters.command.program import check, run

_SHOWN = 500


class CommandExporter(Acts):
    """One run, which is never repeated."""

    repeatable = False

    def __init__(self, config: CommandConfig, context: Context) -> None:
        super().__init__(context)
        self._config = config

    async def act(self, response: Response) -> Done:
        """Run a command; in a dry run only look at it."""
        allowed = self._config.commands.get(response.target)
        if allowed is None:
            raise NotDone(f"{response.target} is not one of `commands`")
        check(Path(allowed.argv[0]))
        if response.dry_run:
            return Done(note=f"{allowed.argv[0]} is there and nobody but root can change it")
        ended = await run(allowed.argv, facts(response), allowed.timeout)
        if ended.status:
            raise NotDone(f"it ended with {ended.status}: {ended.said[-_SHOWN:]}")
        return Done(became=ended.said[-_SHOWN:], note="it ended with 0")
