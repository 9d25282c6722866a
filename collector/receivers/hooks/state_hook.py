"""What hooks have in common that tell what people did with an alert or a ticket."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson

from collector.receivers.hooks.hook import BadHook, Hook, HookOrder
from collector.receivers.hooks.states import Change, asked

RETRIED_SECS = 12 * 3600
"""These systems send again what was not answered, for hours. Within that time what was done once is known (ids are remembered for a day)."""
_MOST_BYTES = 1 << 20
_GROUP = re.compile(r"[0-9a-f]{32}")
_LABEL = re.compile(r"\blogboom-([0-9a-f]{16})\b")
_ISSUE = re.compile(r"\blogboom-issue-([0-9a-z-]{8,64})\b")
_FORMS = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S")


class StateHook:
    """Base of such hooks.

    Args:
        secrets: several while one is being changed.
        ours: accounts by which logboom itself changes tickets there: what they do is no news.
        now: Unix seconds.
    """

    vendor: ClassVar[str] = ""
    max_bytes = _MOST_BYTES
    knows_domain = False

    def __init__(self, secrets: Sequence[str], ours: Iterable[str] = (), now: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._ours = frozenset(name.lower() for name in ours)
        self._now = now

    def command(self, hook: Hook) -> HookOrder | None:
        """See `Handler.command`; None for what changes nothing here."""
        self.check(hook)
        change = self.change(_parsed(hook.body))
        return None if change is None else self.asked(change, hook)

    def asked(self, change: Change, hook: Hook) -> HookOrder:
        """The commands of a change of now. Raises `BadHook`."""
        if abs(self._now() - change.at) > RETRIED_SECS:
            raise BadHook("body", f"it is not of the last {RETRIED_SECS // 3600} hours")
        return asked(change, hook, self.vendor)

    def check(self, hook: Hook) -> None:
        """That the system sent it. Raises `Unauthenticated`."""
        raise NotImplementedError

    def change(self, said: Mapping[str, Any]) -> Change | None:
        """What somebody did; None: nothing that is of interest here, or it was us. Raises `BadHook`."""
        raise NotImplementedError

    def is_ours(self, *names: str) -> bool:
        """Whether it was us."""
        return any(name.lower() in self._ours for name in names if name)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except ValueError:
        raise BadHook("body", "body: not valid JSON; set the webhook's content type to application/json") from None
    if not isinstance(said, dict):
        raise BadHook("body", "body: a JSON object is needed")
    return said


def whole_group(text: str) -> str:
    """The id of a group, if a text is one; else empty."""
    return text if _GROUP.fullmatch(text) else ""


def keys_in(texts: Iterable[str]) -> tuple[str, str]:
    """How the group's id begins, and the issue's id, as tickets carry them; empty where they don't."""
    joined = "\n".join(texts)
    group, issue = _LABEL.search(joined), _ISSUE.search(joined)
    return group[1] if group else "", issue[1] if issue else ""


def part(said: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """An object inside; empty when there is none."""
    for name in names:
        found = said.get(name)
        said = found if isinstance(found, dict) else {}
    return said


def text(said: Mapping[str, Any], name: str) -> str:
    """A text inside; empty when there is none."""
    found = said.get(name)
    return found if isinstance(found, str) else ""


def items(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list inside."""
    found = said.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def moment(given: object) -> float:
    """Unix seconds of a time: RFC 3339, ServiceNow's `2026-03-01 12:00:00` (UTC), or a number of ms or ns. Raises `BadHook`."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given / 1e9 if given > 1e16 else given / 1e3
    for form in _FORMS:
        try:
            found = datetime.strptime(str(given).replace("Z", "+0000"), form)
        except ValueError:
            continue
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    raise BadHook("body", "it says no time")
