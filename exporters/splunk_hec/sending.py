"""One part to the server, until each of its events has an end or must wait.

What is too large is halved here, and an event that the server names is taken out here: the others are on their way
again at once, without a back-off. A reply that names an event does not say whether those before it were kept, so they
are sent again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import orjson

from collector.columns.text_buffers import text_bytes
from collector.outcomes import Blocked, Items, Ok, Reject, Retry, Split, Verdict
from collector.transport import http_answers
from collector.transport.http_client import HttpAnswer
from exporters.splunk_hec.acknowledgement import Channel, NotIndexed
from exporters.splunk_hec.answers import INDEX, Reply, read, verdict, verdict_of_event
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.endpoint import Endpoint, Unwell
from exporters.splunk_hec.parts import NO_LIMIT, Part

_MOST_TAKEN_OUT = 100
"""Events that one part is freed of in one attempt; then the others wait for the next."""
NOT_PROVEN = "indexer acknowledgement is off for the token: events are received, not proven to be indexed"


@dataclass(slots=True)
class Sent:
    """How a part ended: events that neither `held` nor `rejected` names are delivered. `held` stands for one verdict,
    `Retry`, `Split` or `Blocked`, on its items."""

    held: list[tuple[Verdict, Items]] = field(default_factory=list)
    rejected: list[Reject] = field(default_factory=list)
    unproven: bool = False

    @property
    def stopped(self) -> Verdict | None:
        """Why the server takes nothing more now."""
        return next((said for said, _ in self.held if isinstance(said, Retry | Blocked)), None)


class Sending:
    """Sends parts. Remembers how much the server takes at once."""

    def __init__(self, endpoint: Endpoint, config: SplunkHecConfig) -> None:
        self._endpoint = endpoint
        self._acknowledged = config.acknowledgement.enabled
        self._raw = config.export_raw
        self._index = config.index
        self._limit = NO_LIMIT

    async def send(self, part: Part) -> Sent:
        """Never raises but for cancellation."""
        sent = Sent()
        waiting: list[asyncio.Task[None]] = []
        pieces = deque(part.cut(self._limit))
        try:
            while pieces and sent.stopped is None:
                piece = pieces.popleft()
                pieces.extendleft(reversed(await self._send_piece(piece, sent, waiting)))
            if sent.stopped is not None and pieces:
                sent.held.append((sent.stopped, np.concatenate([piece.items for piece in pieces])))
            await asyncio.gather(*waiting)
        finally:
            for task in waiting:
                task.cancel()
        return sent

    async def _send_piece(self, piece: Part, sent: Sent, waiting: list[asyncio.Task[None]]) -> list[Part]:
        """One call; gives what is to be sent instead of the piece."""
        if not piece.body:
            body = await asyncio.to_thread(lambda: self._endpoint.compressed(text_bytes(piece.texts)))
            piece = replace(piece, body=body)
        channel = await self._endpoint.channel(piece.token) if self._acknowledged or self._raw else None
        try:
            answer, reply = await self._call(piece, channel)
        except Exception as error:  # noqa: BLE001  every failure to get an answer means: again
            sent.held.append((failure(error), piece.items))
            return []
        if reply.succeeded and channel is not None and self._acknowledged:
            waiting.append(asyncio.create_task(self._wait(piece, channel, reply, sent)))
            return []
        return self._judge(piece, answer, reply, sent)

    async def _call(self, piece: Part, channel: Channel | None) -> tuple[HttpAnswer, Reply]:
        await self._endpoint.check_health()
        if channel is None:
            answer = await self._endpoint.post(piece)
            return answer, read(answer)
        return await channel.sent(lambda: self._endpoint.post(piece, channel.guid))

    async def _wait(self, piece: Part, channel: Channel, reply: Reply, sent: Sent) -> None:
        if reply.ack_id is None:
            sent.unproven = True
            return
        try:
            sent.unproven |= not await channel.indexed(reply.ack_id)
        except NotIndexed as error:
            sent.held.append((Retry(str(error)), piece.items))

    def _judge(self, piece: Part, answer: HttpAnswer, reply: Reply, sent: Sent) -> list[Part]:
        if reply.too_large and len(piece) > 1:
            self._limit = min(self._limit, piece.size_bytes // 2)  # what is larger need not be tried again
            return list(piece.cut(self._limit))
        at = reply.named_event
        if at is not None and at < len(piece) and not self._raw:
            return self._without_event(piece, at, reply, sent)
        said = verdict(answer, reply, own_token=bool(piece.token))
        if self._raw and reply.code == INDEX:
            said = verdict_of_event(reply, piece.query.get("index", ""), self._index)
        if isinstance(said, Reject) or reply.too_large:
            sent.rejected.append(Reject(reply.reason, piece.items))
        elif not isinstance(said, Ok):
            sent.held.append((said, piece.items))
        return []

    def _without_event(self, piece: Part, at: int, reply: Reply, sent: Sent) -> list[Part]:
        index = orjson.loads(piece.texts[at]).get("index", "")
        said = verdict_of_event(reply, index, self._index)
        if isinstance(said, Blocked):
            sent.held.append((said, piece.items))
            return []
        sent.rejected.append(Reject(reply.reason, piece.items[at : at + 1]))
        rest = piece.without(at)
        if len(rest) and len(sent.rejected) >= _MOST_TAKEN_OUT:
            sent.held.append((Retry(reply.reason), rest.items))
            return []
        return [rest] if len(rest) else []


def failure(error: Exception) -> Verdict:
    """The meaning of a call that got no answer, or that was not made."""
    if isinstance(error, Unwell):
        again = error.answer.status >= 500 or error.reply.busy
        after = http_answers.retry_after_secs(error.answer)
        return Retry(str(error), after_secs=after) if again else Blocked(str(error))
    return http_answers.unanswered(error)


def verdicts(parts: Iterable[Sent], refused: Iterable[tuple[Items, str]], records: int, left_out: int) -> list[Verdict]:
    """The verdicts on a request of `records` records. `Split` and `Blocked` speak for all of it, so they are only given
    where nothing of it has ended; else those events alone come again, and meet the same answer alone."""
    parts = list(parts)
    rejected = [reject for part in parts for reject in part.rejected]
    rejected += [Reject(reason, items) for items, reason in refused]
    held = [one for part in parts for one in part.held]
    kinds = {type(said) for said, _ in held}
    if sum(len(items) for _, items in held) == records and len(kinds) == 1 and Retry not in kinds:
        return [held[0][0]]
    warning = NOT_PROVEN if any(part.unproven for part in parts) else ""
    return [Ok(left_out, warning), *rejected, *(_again(said, items) for said, items in held)]


def _again(said: Verdict, items: Items) -> Retry:
    if isinstance(said, Retry):
        return replace(said, items=items)
    assert isinstance(said, Split | Blocked)
    return Retry(said.reason, items)
