"""An exporter asks before it acts, and tells what came of it. Both are commands to the connector that decided, on disk when they are
answered: so who was told it may act is the only one, also when its process dies, and the last look at all guards is the newest.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from collector.control.asking import MOST_WAIT_SECS, NotRunning, NotTaken, Told, ask
from collector.control.command import command
from collector.control.record import ControlRecord, Value, shortened
from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import Response, State
from collector.responses.words import ATTEMPT, BECAME, CLAIM, ID, REASON, REPEATABLE, REPORT, STATE, WAS

Ask = Callable[[Path, ControlRecord, float], Awaitable[Told]]
_AGAIN_SECS = 1.0


async def over_socket(root: Path, record: ControlRecord, wait_secs: float) -> Told:
    """On a thread: the socket is waited for."""
    return await asyncio.to_thread(ask, root, record, wait_secs)


class MayNot(Exception):
    """The connector says no: it is late, stopped, over, or another process has it."""


@dataclass
class Desk:
    """Of one exporter in one process.

    Args:
        exporter: its id.
        root: the data directory.
        attempt: by which the connector knows this process.
    """

    exporter: str
    root: Path
    ask: Ask = over_socket
    attempt: str = field(default_factory=lambda: secrets.token_hex(6))
    _number: count[int] = field(default_factory=count)

    async def claim(self, response: Response, *, repeatable: bool) -> None:
        """Ask whether it may be done now.

        Args:
            repeatable: doing it again does nothing more, so what another process of ours left behind may be taken up.

        Raises:
            MayNot: no, for good.
            Again: nobody answered in time.
        """
        said: dict[str, Value] = {ID: response.id, ATTEMPT: self.attempt, REPEATABLE: repeatable}
        told = await self._tell(CLAIM, response, said, f"{next(self._number)}", MOST_WAIT_SECS)
        if any(one.applied for one in told.settled):
            return
        if not told.settled:
            raise Again("who decides has not answered yet", _AGAIN_SECS)
        raise MayNot("; ".join(one.reason for one in told.settled))

    async def report(self, response: Response, outcome: Done | NotDone) -> None:
        """Tell what came of it. Raises `Again`: it is not on disk."""
        if isinstance(outcome, Done):
            said = {STATE: str(State.DONE), REASON: outcome.note, WAS: outcome.was, BECAME: outcome.became}
        else:
            said = {STATE: str(State.FAILED), REASON: str(outcome)}
        told: dict[str, Value] = {key: shortened(value) for key, value in said.items() if value}
        await self._tell(REPORT, response, {ID: response.id, ATTEMPT: self.attempt, **told}, "end", 0.0)

    async def _tell(self, name: str, response: Response, said: dict[str, Value], part: str, wait: float) -> Told:
        who = f"exporter {self.exporter}"
        id_ = f"{response.id[:32]}.{self.attempt}.{part}"
        record = command(name, response.domain, said, who=who, id_=id_, body=f"{name} of {who}: {response.name}")
        try:
            return await self.ask(self.root, record, wait)
        except NotTaken as refused:
            raise MayNot(str(refused)) from refused
        except NotRunning as nobody:
            raise Again(str(nobody), _AGAIN_SECS) from nobody
