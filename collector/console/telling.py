"""What the service itself says to a request: the state that the supervisor told last, and dead letters of the data directory."""

from __future__ import annotations

import asyncio
from typing import Literal

from starlette.requests import Request

from collector.backend.interface import FiledLetter, NoSuchDeadLetter
from collector.backend.offline import desk_of
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound, Refused
from collector.console.service_state import ServiceState
from collector.console.visitor import Role
from collector.errors import LogboomError
from collector.scope import Scope


async def decided(request: Request, action: Literal["replay", "delete"], ident: str) -> int:
    """Ask the owner of a dead letter for that, as the command line does; the records in it.

    Raises:
        Refused: they may not (403), it is not there (404), or it holds records of others (409).
    """
    who, root = visitor(request), parts(request).root
    if who.role < Role.OPERATOR:
        raise Refused(403, "a viewer may look: to change something takes the role operator")

    def ask() -> int:
        desk = desk_of(root, who.scope)
        [letter] = desk.named([ident])
        desk.request(action, [letter])
        return letter.info.records

    try:
        return await asyncio.to_thread(ask)
    except NoSuchDeadLetter as error:
        raise NotFound("such dead letter") from error
    except LogboomError as error:
        raise Refused(409, "it also holds records of other domains, or it can't be read now") from error


async def letters(request: Request, scope: Scope) -> list[FiledLetter]:
    """Those of the scope. Raises `Refused`: there is no data directory yet."""
    root = parts(request).root
    try:
        return list(await asyncio.to_thread(lambda: desk_of(root, scope).letters()))
    except LogboomError as error:
        raise Refused(503, "the dead letters can't be read now", None, 5.0) from error  # the error names paths


def told(request: Request) -> ServiceState:
    """What the supervisor last said. Raises `Refused`: nothing yet."""
    state = parts(request).state.now
    if state is None:
        raise Refused(503, "the supervisor has not told anything yet: it does every 5 s", None, 5.0)
    return state
