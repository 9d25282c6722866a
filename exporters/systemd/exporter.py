"""Restarts units of systemd over D-Bus, once: a unit that became active after the proposal was restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from collector.component import Context
from collector.responses.acting import Acts
from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import Response
from exporters.systemd.config import SystemdConfig

if TYPE_CHECKING:
    from exporters.systemd.manager import Manager, Standing

_LOOKS_SECS = 0.2
_US = 1000


class SystemdExporter(Acts):
    """`RestartUnit`, and a look at what came of it."""

    def __init__(self, config: SystemdConfig, context: Context) -> None:
        super().__init__(context)
        self._config = config
        self.connect: Callable[[], Coroutine[Any, Any, Manager]] = self._connect

    async def act(self, response: Response) -> Done:
        """Restart a unit."""
        unit = response.target
        if unit not in self._config.units:
            raise NotDone(f"{unit} is not one of `units`")
        try:
            async with asyncio.timeout(self._config.timeout or None):
                manager = await self.connect()
                try:
                    return await self._restarted(manager, unit, response)
                finally:
                    manager.close()
        except TimeoutError:
            raise Again(f"{unit} is not restarted after {self._config.timeout:g} s") from None

    async def _restarted(self, manager: Manager, unit: str, response: Response) -> Done:
        before = await manager.standing(unit)
        if _since(before, response):
            return Done(str(before), str(before), "it was restarted since this was proposed")
        if not before.may_start:
            raise NotDone("systemd starts it for nobody (RefuseManualStart)")
        if response.dry_run:
            return Done(
                str(before), str(before), "systemd knows the unit; whether it may be restarted, it tells who does it"
            )
        await manager.restart(unit)
        while (now := await manager.standing(unit)).job:  # noqa: ASYNC110  systemd is asked, no flag
            await asyncio.sleep(_LOOKS_SECS)
        if now.active == "failed":
            raise NotDone(f"it was {before}, and did not start: {now}")
        return Done(str(before), str(now))

    async def _connect(self) -> Manager:
        from exporters.systemd.manager import Manager

        return await Manager.connect(self._config.bus, self._config.address)


def _since(standing: Standing, response: Response) -> bool:
    return standing.active == "active" and standing.entered * _US > response.proposed
