"""What the service itself says to a request: the state that the supervisor told last, and dead letters of the data directory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request

from collector.backend.interface import FiledLetter, NoSuchDeadLetter
from collector.cluster.offline import desk_of
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound, Refused
from collector.console.service_state import ServiceState
from collector.console.visitor import Role
from collector.control.catalogue import DEAD_LETTERS_DECIDED
from collector.errors import LogboomError
from collector.ledger.deadletters import Action
from collector.scope import Scope

_MOST_NAMED = 20


async def decided(request: Request, action: Action, *, ident: str = "", owner: str = "", reason: str = "") -> int:
    """Ask the owner of a dead letter, or of all its letters with a reason that this visitor sees, for that, as the command line does; the records in them.
    Who asked is told as an event of the service.

    Raises:
        Refused: they may not (403), it is not there (404), or it holds records of others (409).
    """
    who, root = visitor(request), parts(request).root
    if who.role < Role.OPERATOR:
        raise Refused(403, "a viewer may look: to change something takes the role operator")

    def ask() -> Sequence[FiledLetter]:
        desk = desk_of(root, who.scope)
        chosen = (
            desk.named([ident])
            if ident
            else [
                each
                for each in desk.letters()
                if (each.info.owner, _masked(request, each.info.reason)) == (owner, reason)
            ]
        )
        if not chosen:
            raise NoSuchDeadLetter([owner])
        desk.request(action, chosen)
        return chosen

    try:
        chosen = await asyncio.to_thread(ask)
    except NoSuchDeadLetter as error:
        raise NotFound("such dead letter") from error
    except LogboomError as error:
        raise Refused(409, "it also holds records of other domains, or it can't be read now") from error
    _tell(request, who.name, action, chosen)
    return sum(each.info.records for each in chosen)


def _tell(request: Request, who: str, action: Action, chosen: Sequence[FiledLetter]) -> None:
    reporter, records = parts(request).reporter, sum(each.info.records for each in chosen)
    what = f"dead letter {chosen[0].id}" if len(chosen) == 1 else f"{len(chosen)} dead letters"
    asked = "tried again" if action == "replay" else "given up"
    if reporter is not None:
        reporter.tell(
            DEAD_LETTERS_DECIDED, f"{who} asked for {what} of {chosen[0].info.owner} to be {asked}: {records} records",
            {"user.id": who, "logboom.action": action, "logboom.component": chosen[0].info.owner, "logboom.records": records,
             "logboom.dead_letters": ", ".join(each.id for each in chosen[:_MOST_NAMED]), "logboom.count": len(chosen)},
        )  # fmt: skip


async def letters(request: Request, scope: Scope) -> list[FiledLetter]:
    """Those of the scope. Raises `Refused`: there is no data directory yet."""
    root = parts(request).root
    try:
        found = await asyncio.to_thread(lambda: desk_of(root, scope).letters())
        return [replace(each, info=replace(each.info, reason=_masked(request, each.info.reason))) for each in found]
    except LogboomError as error:
        raise Refused(503, "the dead letters can't be read now", None, 5.0) from error  # the error names paths


def _masked(request: Request, reason: str) -> str:
    """What a destination said of records may hold what is in them."""
    masks = parts(request).masks
    return reason if masks is None else masks.text(reason)


def told(request: Request) -> ServiceState:
    """What the supervisor last said. Raises `Refused`: nothing yet."""
    state = parts(request).state.now
    if state is None:
        raise Refused(503, "the supervisor has not told anything yet: it does every 5 s", None, 5.0)
    return state
