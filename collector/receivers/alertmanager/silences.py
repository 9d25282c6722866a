"""Silences as Alertmanager's API writes them, as commands and as rows of the store.

Source: Alertmanager, `api/v2/openapi.yaml`: `postableSilence`, `gettableSilence`, `matcher`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from collector.alert_commands import MATCHERS, SECONDS, SILENCE, SILENCE_ID, STARTS, UNSILENCE
from collector.control.command import command
from collector.control.record import ControlRecord, Unfit
from collector.errors import InvalidPayload
from collector.matchers import Matcher, matcher, parse

_NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPERATORS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}


def wanted(body: bytes, domain: str, sender: str, now: int) -> tuple[ControlRecord, str]:
    """The command that makes a silence, and the id of the one whose place it takes (empty: none). Whoever asks says in whose name (`createdBy`);
    `sender`, who that proved to be, stands beside it. Raises `InvalidPayload`."""
    try:
        said = orjson.loads(body)
    except ValueError:
        raise InvalidPayload("body: not valid JSON") from None
    if not isinstance(said, dict):
        raise InvalidPayload("body: a silence is needed")
    starts, ends = (_moment(said.get(name), name) for name in ("startsAt", "endsAt"))
    if ends <= max(starts, now):
        raise InvalidPayload("end time must be after start time and in the future")
    attributes: dict[str, str | float] = {
        MATCHERS: ", ".join(str(one) for one in _matchers(said.get("matchers"))), STARTS: starts,
        SECONDS: (ends - max(starts, now)) / _NANOS,
    }  # fmt: skip
    who, why, former = (_text(said, name) for name in ("createdBy", "comment", "id"))
    if not who or not why:
        raise InvalidPayload("createdBy and comment are needed: who asks for quiet, and why")
    return _made(SILENCE, domain, attributes, f"{who} ({sender})", why), former


def ended(silence: str, domain: str, who: str) -> ControlRecord:
    """The command that ends one."""
    return _made(UNSILENCE, domain, {SILENCE_ID: silence}, who, "")


def shown(row: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A row of the table `silences`."""
    starts, ends = int(row["starts_unix_nano"]), int(row["ends_unix_nano"])
    state = "expired" if ends <= now else "pending" if starts > now else "active"
    return {
        "id": row["silence_id"], "status": {"state": state}, "updatedAt": rfc3339(starts), "createdBy": row["who"] or "",
        "comment": row["why"] or "", "startsAt": rfc3339(starts), "endsAt": rfc3339(ends),
        "matchers": [_as_json(one) for one in parse(row["matchers"] or "")],
    }  # fmt: skip


def rfc3339(nanos: int) -> str:
    """In ms and UTC, as Alertmanager writes it."""
    at = _EPOCH + timedelta(microseconds=nanos // 1000)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _as_json(one: Matcher) -> dict[str, Any]:
    return {"name": one.name, "value": one.value, "isRegex": "~" in one.op, "isEqual": not one.op.startswith("!")}


def _matchers(given: Any) -> Sequence[Matcher]:
    if not isinstance(given, list) or not given:
        raise InvalidPayload("matchers: one at least is needed")
    found = []
    for each in given:
        if not isinstance(each, dict) or not _text(each, "name") or not isinstance(each.get("value"), str):
            raise InvalidPayload("matchers: each has a name and a value")
        operator = _OPERATORS[bool(each.get("isRegex")), each.get("isEqual") is not False]
        try:
            found.append(matcher(_text(each, "name"), operator, each["value"]))
        except ValueError as problem:
            raise InvalidPayload(f"matchers: {problem}") from None
    if all(one.matches({}) for one in found):
        raise InvalidPayload("at least one matcher must not match the empty string")
    return found


def _moment(given: Any, what: str) -> int:
    try:
        at = datetime.fromisoformat(given)
        return (at - _EPOCH) // timedelta(microseconds=1) * 1000
    except (TypeError, ValueError, OverflowError):
        raise InvalidPayload(f"{what}: a time such as 2026-03-01T12:00:00Z is needed") from None


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""


def _made(name: str, domain: str, attributes: Mapping[str, str | float], who: str, why: str) -> ControlRecord:
    try:
        return command(name, domain, attributes, who=who, why=why, id_=str(uuid4()))
    except Unfit as problem:
        raise InvalidPayload(str(problem)) from None
