"""What stands in a channel already. Messages of a bot carry group and sequence as metadata, by which they are found again.

Needs the scope `channels:history` (`groups:history` in a private channel). Without it nothing is found, and a message may stand there twice.
Source: Slack, `conversations.history`, `conversations.replies`, "Message metadata".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from collector.notices.http_messenger import fields
from collector.notices.messenger import Message, Names
from collector.outcomes import Ok, Retry, Verdict
from collector.transport.http_client import HttpAnswer
from exporters.slack.answers import verdict

_EVENT = "logboom_notice"
_BEFORE_SECS = 86_400
_MOST, _SAID = 100, 200


class Posted(NamedTuple):
    """A message of a group: the newest one."""

    sequence: int
    names: Names


def marks(message: Message) -> dict[str, Any]:
    """What a message carries, to be found by."""
    notice = message.notice
    payload = {"group": notice.group, "sequence": str(notice.sequence)}
    return {"metadata": {"event_type": _EVENT, "event_payload": payload}}


def query(message: Message, channel: str, thread: str = "") -> str:
    """Method and query that list a channel, or a thread of it: a day, which is longer than a message waits to be said again."""
    oldest = message.notice.at // 10**9 - _BEFORE_SECS
    asked = {"channel": channel, "oldest": str(oldest), "include_all_metadata": "true", "limit": str(_MOST)}
    if thread:
        return f"conversations.replies?{urlencode({**asked, 'ts': thread})}"
    return f"conversations.history?{urlencode(asked)}"


def found(answer: HttpAnswer, message: Message, channel: str) -> Posted | Verdict | None:
    """The newest message of the group since what is remembered; None: there is none, or nobody may look."""
    came = verdict(answer)
    if not isinstance(came, Ok):  # a word of Slack's is about looking: whether we may speak is said when we do
        return came if isinstance(came, Retry) or answer.status != _SAID else None
    after = message.before.sequence if message.before else -1
    mine = [one for one in _posted(answer, message.notice.group, channel) if one.sequence > after]
    return max(mine, key=lambda one: one.sequence, default=None)


def _posted(answer: HttpAnswer, group: str, channel: str) -> Iterator[Posted]:
    for one in fields(answer).get("messages") or ():
        metadata = one.get("metadata") or {}
        payload: Mapping[str, Any] = metadata.get("event_payload") or {}
        if metadata.get("event_type") == _EVENT and payload.get("group") == group and "ts" in one:
            sequence = str(payload.get("sequence", ""))
            yield Posted(int(sequence) if sequence.isdecimal() else 0, {"channel": channel, "ts": str(one["ts"])})
