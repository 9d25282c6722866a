"""A record without its masks, for whoever may see it and says why. That it was seen is on disk before it is shown: what can't be audited is not shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from collector.console.asking import scope_of
from collector.console.masking import unsealed
from collector.console.parts import Parts, parts, visitor
from collector.console.refusal import NotFound, Refused
from collector.console.stores import Question, T
from collector.console.views import records
from collector.console.visitor import Visitor
from collector.control.asking import NotRunning, NotTaken, ask
from collector.control.catalogue import PRIVACY_UNMASKED
from collector.control.event import PROCESS
from collector.control.record import ControlRecord, Value
from collector.encryption import Keys
from collector.errors import LogboomError
from collector.scope import Scope
from collector.settings.encryption import key_ring
from collector.store.reading import NoStore

PATHS = re.compile(r"(?:/api/v1)?/logs/[^/]+/unmask")
"""Whose POST takes the role `privacy`, and no other."""
SHORTEST, LONGEST = 4, 500
_MARGIN_SECS = 0.5
NOT_THEIRS = Refused(403, "to see a record without its masks takes the role privacy")


async def unmasked(request: Request, record_id: str, reason: str, by: str) -> records.Row:
    """The record as it is stored, with what is encrypted in it opened.

    Args:
        reason: why, for the audit log.
        by: through what: `console`, `api`.

    Raises:
        Refused: they may not (403), there is none (404), there is no reason (400), or it can't be audited now (503).
    """
    made, who = parts(request), visitor(request)
    if not who.privacy:
        raise NOT_THEIRS
    said = " ".join(reason.split())
    if not SHORTEST <= len(said) <= LONGEST or not said.isprintable():
        raise Refused(400, f"a reason of {SHORTEST} to {LONGEST} characters is needed: it goes into the audit log")
    scope, _ = scope_of(request.query_params, who)
    row = await _asked(made, scope, records.one(record_id))
    if row is None:
        raise NotFound("such record")
    await _audited(made, _event(request, who, row, said, by))
    return await asyncio.to_thread(_opened, made, row)


async def _asked(made: Parts, scope: Scope, question: Question[T]) -> T:
    if made.stores is None:
        raise NoStore("no pipeline has an exporter whose store can be read: sqlite, or d1 where it is named")
    secs = made.options.query_timeout + _MARGIN_SECS
    return await made.stores.ask(scope, question, secs, shows=False, plain=True)


def _event(request: Request, who: Visitor, row: records.Row, reason: str, by: str) -> ControlRecord:
    domain = str(row["domain"])
    said: dict[str, Value] = {
        PROCESS: "console 0", "user.id": who.name, "client.address": str(getattr(request.state, "address", "")), "logboom.by": by,
        "logboom.domain": domain, "logboom.why": reason, "logboom.record": str(row["record_id"]),
    }  # fmt: skip
    body = f"{who.name} unmasked a record of {domain}: {reason}"
    return ControlRecord(PRIVACY_UNMASKED.event_name, domain, body, said)


async def _audited(made: Parts, record: ControlRecord) -> None:
    try:
        await asyncio.to_thread(ask, made.root, record)
    except (NotRunning, NotTaken) as problem:
        raise Refused(
            503, f"it can't be written to the audit log now, and is not shown without: {problem}", None, 5.0
        ) from problem


def _opened(made: Parts, row: records.Row) -> dict[str, Any]:
    try:
        ring = key_ring(made.settings.service.encryption, made.root)
    except LogboomError as error:
        return unsealed(row, _closed(str(error)))
    if ring is None:
        return dict(row)
    try:
        return unsealed(row, _opening(ring))
    finally:
        ring.close()


def _opening(keys: Keys) -> Callable[[str, str, str], str]:
    def opened(domain: str, attribute: str, text: str) -> str:
        try:
            return keys.open_text(domain, attribute, text)
        except LogboomError as error:
            return f"[{error}]"

    return opened


def _closed(why: str) -> Callable[[str, str, str], str]:
    return lambda _domain, _attribute, _text: f"[{why}]"
