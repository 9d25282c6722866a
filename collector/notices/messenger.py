"""What exporters that send messages share: one message a group and call, at a pace, with a memory of what was said.

    encode_with ► Message ► send: pace ► tell ► names ► Ok(receipts) | a verdict

An exporter has `tell`: it makes the calls of one message and says what came of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.batch import LogBatch
from collector.notices.notice import Notice
from collector.notices.pace import Pace
from collector.notices.receipt import Receipt
from collector.notices.telling import Tells, newest
from collector.notices.templates import Templates
from collector.outcomes import Ok, ReceiptKey, Retry, Superseded, Verdict, Verdicts
from collector.transport.http_answers import unanswered

_LONG_SECS = 2.0
_MOST_REMEMBERED = 1000
_KEPT_SECS = 60 * 86_400.0

Names = Mapping[str, str]
"""Under which names the destination knows a message that it took: they are remembered."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice, and what was said of its group before. `before` is None for digests: each is by itself."""

    notice: Notice
    key: ReceiptKey
    before: Receipt | None

    @property
    def names(self) -> Names:
        """The destination's own, of the last message of the group."""
        return self.before.names if self.before else {}

    @property
    def unknown_end(self) -> bool:
        """It says that something is over of which nothing was said."""
        return self.notice.status == "resolved" and self.before is None


class Messenger(Tells):
    """Base of such exporters.

    Args:
        pace: how fast messages leave.
        templates: the operator's words.
    """

    receipts_for_secs = _KEPT_SECS

    def __init__(self, pace: Pace, templates: Templates | None = None) -> None:
        self._pace = pace
        self._templates = templates or Templates()
        self._born = time.time_ns()
        self._done: OrderedDict[tuple[str, ...], set[str]] = OrderedDict()

    def encode(self, batch: LogBatch) -> Message | None:
        """The last word about the group, without a memory."""
        return self.encode_with(batch, {})

    def encode_with(self, batch: LogBatch, receipts: Mapping[ReceiptKey, bytes]) -> Message | None:
        """The last word about the group."""
        notice = newest(batch)
        if notice is None:
            return None
        key = (str(batch.column("domain")[0] or ""), notice.group)
        notice = self._templates.applied(notice)
        return Message(notice, key, None if notice.status == "digest" else Receipt.read(receipts.get(key)))

    async def send(self, request: Message | None) -> Verdict:
        """Say it, unless something newer was said. What must wait long for its turn is asked again: something newer may come."""
        if request is None:
            return Ok()
        notice = request.notice
        if request.before is not None and request.before.sequence >= notice.sequence:
            return Superseded()
        while wait := self._pace.wait_secs(critical=notice.level == "critical"):
            if wait > _LONG_SECS:
                return Retry("its turn by `pace` comes later", after_secs=wait)
            await asyncio.sleep(wait)
        told = await self.tell(request)
        return told if not isinstance(told, Mapping) else self.taken(request, told)

    async def tell(self, message: Message) -> Names | Verdict:
        """The calls of one message: what the destination knows it by, or what else came of it. Raises what the transport raises."""
        raise NotImplementedError

    def classify(self, answer: Verdict | Exception) -> Verdicts:
        """What `send` found; a call without an answer is made again."""
        return self.unanswered(answer) if isinstance(answer, Exception) else [answer]

    def unanswered(self, error: Exception) -> Sequence[Verdict]:
        """A call without an answer."""
        return [unanswered(error)]

    def done(self, message: Message, what: str = "told") -> set[str]:
        """Whom of several it was told already, or what else is to be known at the next attempt: of the last thousand messages, as long as
        this process lives."""
        key = (*message.key, str(message.notice.sequence), what)
        while len(self._done) > _MOST_REMEMBERED:
            self._done.popitem(last=False)
        return self._done.setdefault(key, set())

    def tried(self, message: Message) -> bool:
        """Whether an attempt may have been made already of which nobody knows what came: by a process before this one, which died of it, or by
        this one. From now on it was."""
        before = self.done(message, "tried")
        known = bool(before) or message.notice.at < self._born
        before.add("1")
        return known

    def taken(self, message: Message, names: Names) -> Ok:
        """It was told: what is remembered of it."""
        notice = message.notice
        if notice.status == "digest":
            return Ok()
        return Ok(receipts={message.key: Receipt(notice.sequence, notice.status, names).packed()})
