"""Starts pipelines. A call that is repeated starts a second one, so none is: see README.md."""

from __future__ import annotations

from collector.component import Context
from collector.responses.http_acting import HttpActs
from collector.responses.outcome import Done, NotDone
from collector.responses.response import Response
from exporters.ci_trigger.calls import call, started
from exporters.ci_trigger.config import CiTriggerConfig


class CiTriggerExporter(HttpActs):
    """One call."""

    repeatable = False

    def __init__(self, config: CiTriggerConfig, context: Context) -> None:
        super().__init__(config, context, config.timeout)
        self._config = config
        self.who = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins"}[config.provider]

    async def act(self, response: Response) -> Done:
        """Start a pipeline; in a dry run look whether it is there, where there is a way to."""
        trigger = self._config.triggers.get(response.target)
        if trigger is None:
            raise NotDone(f"{response.target} is not one of `triggers`")
        asked = call(self._config, trigger, response)
        if response.dry_run and asked.look:
            await self.call("GET", asked.look, None, asked.headers, asks=True)
            return Done(note=f"{self.who} knows the pipeline")
        if response.dry_run:
            return Done(note=f"{self.who} can't be asked without starting it")
        return Done(became=started(await self.call("POST", asked.url, asked.body, asked.headers)))
