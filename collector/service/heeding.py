"""What the processes that talk to OpAMP servers ask of the supervisor: to try a configuration, to read its own again, to end.

They say it with each heartbeat, so that nothing is lost when either of them ends: a configuration stands on disk before it is asked for.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import Any

from collector.errors import ConfigError, LogboomError
from collector.extensions.opamp.folder import KeptConfig, OpampFolder, Outcome
from collector.service.channel import Child
from collector.service.configuration import Configuration, told
from collector.service.in_process import InProcess
from collector.service.reloading import check_successor
from collector.service.supervisor import Supervisor
from collector.settings.model import Settings

log = logging.getLogger("logboom.supervisor")

LOOK_SECS = 0.5
ASKS = "asks"
"""Among the numbers of a heartbeat: a mapping of `offer` (a hash in hex), `restarts` (how many were asked for) and `orphaned`."""
_IN_PROCESS = "logboom runs with --in-process: it reads its configuration at its start only"


class Offer:
    """A configuration that a server gave, as the supervisor tries it."""

    def __init__(self, supervisor: Supervisor | InProcess, configuration: Configuration, config: KeptConfig) -> None:
        self._supervisor = supervisor
        self._configuration = configuration
        self._config = config

    def read(self, old: Settings) -> Settings:
        """The settings with it. Raises LogboomError."""
        try:
            offered = self._configuration.with_offer(self._config)
            return check_successor(self._supervisor, old, offered, self._configuration.root)
        except ConfigError as error:
            raise LogboomError(told(error)) from error

    def taken(self) -> None:
        """It runs."""
        self._configuration.folder.take(self._config)

    def refused(self, why: str) -> None:
        """It does not, and what ran before runs."""
        self._configuration.folder.say(Outcome(self._config.hash, "FAILED", why))


class Heeding:
    """For the supervisor's event loop."""

    def __init__(self, supervisor: Supervisor | InProcess, configuration: Configuration) -> None:
        self._supervisor = supervisor
        self._configuration = configuration
        self._restarts: dict[int, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECS)
            children: list[Child] = list(self._supervisor.children.values())
            for child in children:
                asks = child.last_report.stats.get(ASKS)
                if asks:
                    try:
                        await self._heed(child.pid, asks)
                    except OSError as error:
                        log.error("what an OpAMP server wants can't be kept: %s", error.strerror)

    async def _heed(self, pid: int, asks: dict[str, Any]) -> None:
        if asks.get("orphaned"):
            log.warning("the process that opamp.ppid names is gone: logboom ends")
            os.kill(os.getpid(), signal.SIGTERM)
            return
        restarts = asks.get("restarts", 0)
        if restarts > self._restarts.get(pid, 0):
            self._restarts = {pid: restarts}
            await self._again()
        offer = asks.get("offer", "")
        if offer and _undecided(self._configuration.folder, offer):
            await self._try(offer)

    async def _again(self) -> None:
        if isinstance(self._supervisor, Supervisor):
            log.info("an OpAMP server asks for a restart: the configuration is read again, and new processes take over")
            await self._supervisor.reload()

    async def _try(self, offer: str) -> None:
        config = await asyncio.to_thread(self._configuration.folder.offered)
        if config is None or config.hash != offer:
            return
        tried = Offer(self._supervisor, self._configuration, config)
        if isinstance(self._supervisor, Supervisor):
            await self._supervisor.try_out(tried)
        else:
            tried.refused(_IN_PROCESS)


def _undecided(folder: OpampFolder, offer: str) -> bool:
    outcome = folder.outcome()
    return outcome is None or outcome.hash != offer or outcome.status == "APPLYING"
