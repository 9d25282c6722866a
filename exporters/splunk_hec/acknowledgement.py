"""Indexer acknowledgement: a call is done when the indexer says that its events are written.

    POST …/collector  X-Splunk-Request-Channel: C   →  {"code":0,"ackId":7}
    POST …/ack?channel=C  {"acks":[5,6,7]}          →  {"acks":{"5":true,"6":false,"7":true}}

A channel is a GUID of ours, for one token; the server numbers its requests. A server that restarted has forgotten the
channel and numbers it from the start: then a `true` for 0 may be about another request than the one that waits. So

* a number that another call has, or that is not above all numbers known when its call began, means that the channel is
  lost (calls under way at once may be answered in any order);
* a call that ends without an answer means the same, for it may have got such a number, or the server went away;
* a `true` counts only once all calls that were under way on the channel are answered, and it was not lost by that.

What waits on a lost channel is sent again on a new one: a record may come twice, none is taken for indexed wrongly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import orjson

from collector.transport.http_client import HttpAnswer, describe
from exporters.splunk_hec.answers import ACKNOWLEDGEMENTS, INVALID_CHANNEL, NO_ACKNOWLEDGEMENT, NO_CHANNEL, Reply, read
from exporters.splunk_hec.config import Acknowledgement

Ask = Callable[[str, bytes], Awaitable[HttpAnswer]]
"""(channel, body) → the acknowledgement API's answer."""
_GONE = frozenset({404, 405, 501})


class NotIndexed(Exception):
    """It is not certain that the events are indexed: send them again. The text says why."""


class Channel:
    """Requests of one token that wait, by their numbers."""

    def __init__(self, options: Acknowledgement, ask: Ask) -> None:
        self.guid = str(uuid4())
        self.lost = ""
        self._options = options
        self._ask = ask
        self._highest = -1
        self._objection = ""
        self._recent: set[int] = set()
        self._under_way: dict[asyncio.Future[None], int] = {}
        self._waiting: dict[int, asyncio.Future[bool]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def sent(self, post: Callable[[], Awaitable[HttpAnswer]]) -> tuple[HttpAnswer, Reply]:
        """Make a call on the channel. Raises what `post` raises; then what waits here is lost."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way[done] = known = self._highest
        try:
            answer = await post()
            reply = read(answer)
            self._number(reply, known)
        except BaseException:
            self._lose("a call on the channel was not answered")
            raise
        finally:
            del self._under_way[done]
            done.set_result(None)
            oldest = min(self._under_way.values(), default=self._highest)
            self._recent = {number for number in self._recent if number > oldest}
        return answer, reply

    async def indexed(self, number: int) -> bool:
        """Wait for the acknowledgement. False: the server does not acknowledge; what it took was never more than received.

        Raises:
            NotIndexed: the channel is lost, or it took too long.
        """
        if self.lost:
            raise NotIndexed(self.lost)
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[number] = told
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_for_all())
        try:
            async with asyncio.timeout(self._options.timeout):
                return await told
        except TimeoutError:
            why = f": the acknowledgement API {self._objection}" if self._objection else ""
            raise NotIndexed(f"not acknowledged within {self._options.timeout:g}s{why}") from None
        finally:
            self._waiting.pop(number, None)

    @property
    def idle(self) -> bool:
        """Nothing waits, and nothing is under way."""
        return not (self._waiting or self._under_way)

    async def close(self) -> None:
        """Ask no more; what waits is sent again."""
        self._lose("stopping")
        if self._asking is not None:
            await asyncio.gather(self._asking, return_exceptions=True)

    def _number(self, reply: Reply, known: int) -> None:
        if reply.ack_id is None:
            return
        if reply.ack_id <= known or reply.ack_id in self._recent:
            self._lose("the server has forgotten the channel: its numbers began anew")
        self._recent.add(reply.ack_id)
        self._highest = max(self._highest, reply.ack_id)

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or reason
        for told in self._waiting.values():
            if not told.done():
                told.set_exception(NotIndexed(reason))
        if self._asking is not None and self._asking is not asyncio.current_task():
            self._asking.cancel()

    async def _ask_for_all(self) -> None:
        while self._waiting and not self.lost:
            await asyncio.sleep(self._options.interval)
            numbers = sorted(self._waiting)
            if numbers:
                await self._ask_for(numbers)

    async def _ask_for(self, numbers: Sequence[int]) -> None:
        try:
            answer = await self._ask(self.guid, orjson.dumps({"acks": numbers}))
        except TimeoutError:
            return  # asked again
        except Exception as error:  # noqa: BLE001  aiohttp's and the socket's errors
            self._lose(f"the server went away: {describe(error)}")
            return
        reply = read(answer, ACKNOWLEDGEMENTS)
        self._objection = reply.objection
        if reply.code == NO_ACKNOWLEDGEMENT or reply.status in _GONE:
            self._tell(numbers, indexed=False)
        elif reply.code in (NO_CHANNEL, INVALID_CHANNEL):
            self._lose(f"the server does not know the channel: {reply.reason}")
        elif reply.succeeded and (indexed := _acknowledged(answer, numbers)):
            if before := list(self._under_way):
                await asyncio.wait(before)
            if not self.lost:
                self._tell(indexed, indexed=True)

    def _tell(self, numbers: Sequence[int], *, indexed: bool) -> None:
        for number in numbers:
            told = self._waiting.get(number)
            if told is not None and not told.done():
                told.set_result(indexed)


def _acknowledged(answer: HttpAnswer, numbers: Sequence[int]) -> list[int]:
    """Those of our numbers that the answer calls true."""
    try:
        told = orjson.loads(answer.body)["acks"]
        return [number for number in numbers if told.get(str(number)) is True]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return []
