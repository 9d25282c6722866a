"""What people change: a command, handed over to the service as the command line does it, and what its owner made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import xxhash

from collector.console.refusal import NotFound, Refused
from collector.console.visitor import Role, Visitor
from collector.control.asking import MOST_WAIT_SECS, NotRunning, NotTaken, Told, ask
from collector.control.command import command
from collector.control.record import ControlRecord, Unfit, Value

_MOST_WAITING = 8


class Commands:
    """Of one console.

    Args:
        root: the data directory, where the control socket is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places = asyncio.Semaphore(_MOST_WAITING)  # each holds a thread for as long as its owner takes

    async def carry_out(
        self,
        visitor: Visitor,
        name: str,
        domain: str,
        attributes: Mapping[str, Value],
        *,
        why: str = "",
        key: str = "",
        wait: bool = True,
    ) -> Told:
        """Hand a command over, and wait for its owner, 10 s at most.

        Args:
            key: of who asks (`Idempotency-Key`): the same key of the same visitor and domain is the same command.

        Raises:
            Refused: they may not (403, 404), it is none (400), its owner refuses it (409), nobody takes it (422), or not now (503).
        """
        if visitor.role < Role.OPERATOR:
            raise Refused(403, "a viewer may look: to change something takes the role operator")
        if domain not in visitor.scope:
            raise NotFound("such domain")
        id_ = xxhash.xxh3_128_hexdigest(f"{visitor.name}\0{domain}\0{key}".encode()) if key else ""
        try:
            record = command(name, domain, attributes, who=visitor.name, why=why, id_=id_)
        except Unfit as problem:
            raise Refused(400, str(problem)) from problem
        told = await self._told(record, MOST_WAIT_SECS if wait else 0.0)
        refusal = next((each for each in told.settled if not each.applied), None)
        if refusal is not None:
            raise Refused(409, refusal.reason, {"command": told.id})
        return told

    async def _told(self, record: ControlRecord, wait_secs: float) -> Told:
        async with self._places:
            try:
                return await asyncio.to_thread(ask, self._root, record, wait_secs)
            except NotTaken as problem:
                raise Refused(422, str(problem)) from problem
            except NotRunning as problem:
                raise Refused(503, str(problem), None, 1.0) from problem
