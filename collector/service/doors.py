"""The listeners of this logboom, asked by the supervisor again and again whether they serve newcomers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from collector.component import Probed
from collector.service.channel import Child
from collector.service.plan import used_receivers
from collector.settings.model import Settings
from collector.transport.probe import Probe, ask

Ask = Callable[[Probe, str, float], str]


@dataclass(frozen=True, slots=True)
class Door:
    """What the last probes of one listener met: `failures` in a row, the last one's reason, and how long it took."""

    failures: int = 0
    reason: str = ""
    secs: float = 0.0


class Doors:
    """Probes, and what they found. A listener's name is `otlp grpc`: receiver and protocol."""

    def __init__(self, ask_one: Ask = ask) -> None:
        self.found: Mapping[str, Door] = {}
        self._ask = ask_one

    async def look(self, settings: Settings, ingest: Iterable[Child], timeout_secs: float) -> None:
        """Ask each listener once, all at the same time; those that are gone are forgotten."""
        places = _listeners(settings, ingest)
        doors = await asyncio.gather(
            *(self._look_at(name, probe, address, timeout_secs) for name, (probe, address) in places.items())
        )
        self.found = dict(zip(places, doors, strict=True))

    def forget(self) -> None:
        """Nobody listens, as is known by other ways."""
        self.found = {}

    async def _look_at(self, name: str, probe: Probe, address: str, timeout_secs: float) -> Door:
        began = time.monotonic()
        reason = await _aside(lambda: self._ask(probe, address, timeout_secs))
        failures = self.found.get(name, Door()).failures + 1 if reason else 0
        return Door(failures, reason, time.monotonic() - began)


async def _aside(ask_one: Callable[[], str]) -> str:
    """Its answer, from a thread that nobody waits for: a shutdown must not take as long as a listener that is silent."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[str] = loop.create_future()

    def settle(answer: str, error: BaseException | None) -> None:
        if answered.done():  # cancelled
            return
        if error is None:
            answered.set_result(answer)
        else:
            answered.set_exception(error)

    def run() -> None:
        answer, failure = "", None
        try:
            answer = ask_one()
        except BaseException as error:  # noqa: BLE001  whoever waits raises it
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, answer, failure)

    threading.Thread(target=run, name="probe", daemon=True).start()
    return await answered


def _listeners(settings: Settings, ingest: Iterable[Child]) -> dict[str, tuple[Probe, str]]:
    """Name → how to ask, and the address that an ingest process says it bound. Several share one port."""
    bound: dict[str, Mapping[str, str]] = {}
    for child in ingest:
        bound.update(child.last_report.stats.get("doors", {}))
    options = {receiver: settings.receivers[receiver].config for receiver in used_receivers(settings)}
    return {
        f"{receiver} {protocol}": (probe, bound[receiver][protocol])
        for receiver, config in options.items()
        if isinstance(config, Probed)
        for protocol, probe in config.probes().items()
        if protocol in bound.get(receiver, {})
    }
