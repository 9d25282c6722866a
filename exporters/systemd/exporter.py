"""Restarts units of systemd over D-Bus, once: a unit that began to start after the response did, or became active after the proposal, was
restarted, however long it takes to start."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from collector.component import Context
from collector.responses.acting import Acts
from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import Response
from exporters.systemd.config import SystemdConfig

if TYPE_CHECKING:
    from exporters.systemd.manager import Manager, Standing

_LOOKS_SECS = 0.2
_US = 1000
_Found = TypeVar("_Found")


class _Asked(NamedTuple):
    """How a unit was when systemd was asked to restart it; `sure`: it said that it does."""

    before: Standing
    sure: bool


class SystemdExporter(Acts):
    """`RestartUnit`, and a look at what came of it."""

    def __init__(self, config: SystemdConfig, context: Context) -> None:
        super().__init__(context)
        self._config = config
        self._asked: dict[str, _Asked] = {}
        self.connect: Callable[[], Coroutine[Any, Any, Manager]] = self._connect

    async def twice_is_once(self, response: Response) -> bool:
        """Not of a `oneshot`: whether it ran is not to be seen later."""
        unit = response.target
        if unit not in self._config.units:
            return True
        with contextlib.suppress(NotDone):
            return not (await self._connected(unit, lambda manager: manager.standing(unit))).oneshot
        return True

    async def act(self, response: Response) -> Done:
        """Restart a unit."""
        unit = response.target
        if unit not in self._config.units:
            raise NotDone(f"{unit} is not one of `units`")
        try:
            done = await self._connected(unit, lambda manager: self._restarted(manager, unit, response))
        except NotDone:
            self._asked.pop(response.id, None)
            raise
        self._asked.pop(response.id, None)
        return done

    async def _connected(self, unit: str, call: Callable[[Manager], Coroutine[Any, Any, _Found]]) -> _Found:
        try:
            async with asyncio.timeout(self._config.timeout or None):
                manager = await self.connect()
                try:
                    return await call(manager)
                finally:
                    manager.close()
        except TimeoutError:
            raise Again(f"{unit} is not restarted after {self._config.timeout:g} s") from None

    async def _restarted(self, manager: Manager, unit: str, response: Response) -> Done:
        before = await (manager.standing(unit) if response.dry_run else _settled(manager, unit))
        asked = self._asked.get(response.id)
        if asked is not None and asked.sure:
            return _outcome(asked.before, before)
        if not response.dry_run and before.left * _US >= response.started:
            return _outcome(before, before, "it was restarted since this was proposed")
        if before.active == "active" and before.entered * _US > response.proposed:
            return Done(str(before), str(before), "it was restarted since this was proposed")
        if not before.may_start:
            raise NotDone("systemd starts it for nobody (RefuseManualStart)")
        if response.dry_run:
            return Done(
                str(before), str(before), "systemd knows the unit; whether it may be restarted, it tells who does it"
            )
        if asked is not None and before.oneshot:
            raise NotDone("the bus did not answer: whether it was restarted is not known")
        self._asked[response.id] = _Asked(before, sure=False)
        await manager.restart(unit)
        self._asked[response.id] = _Asked(before, sure=True)
        return _outcome(before, await _settled(manager, unit))

    async def _connect(self) -> Manager:
        from exporters.systemd.manager import Manager

        return await Manager.connect(self._config.bus, self._config.address)


async def _settled(manager: Manager, unit: str) -> Standing:
    """How it is when nothing is under way: what is, an attempt of ours may have begun that had no more time to wait for it."""
    while (now := await manager.standing(unit)).job:  # noqa: ASYNC110  systemd is asked, no flag
        await asyncio.sleep(_LOOKS_SECS)
    return now


def _outcome(before: Standing, now: Standing, note: str = "") -> Done:
    if now.active == "failed":
        raise NotDone(f"it was {before}, and did not start: {now}" if not note else f"{note}, and is {now}")
    return Done(str(before), str(now), note)
