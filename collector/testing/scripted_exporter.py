"""An exporter that answers as it is told, and remembers what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from collector.batch import LogBatch
from collector.outcomes import Ok, Retry, Verdict, Verdicts

Answer = Verdict | Sequence[Verdict] | Exception
Script = Callable[[LogBatch], Answer]


class ScriptedExporter:
    """`answer` is asked for each request; an exception is raised by `send`.

    Args:
        answer: batch → what the destination says.
        latency_secs: how long it takes (of the loop's time).
        encode: what happens on the thread; raise here to crash.
    """

    def __init__(
        self,
        answer: Script = lambda _: Ok(),
        latency_secs: float = 0.0,
        encode: Callable[[LogBatch], None] = lambda _: None,
    ) -> None:
        self.answer = answer
        self.latency_secs = latency_secs
        self._encode = encode
        self.sent: list[LogBatch] = []
        self.sent_at: list[float] = []
        self.running = 0
        self.most_running = 0

    async def start(self) -> None:
        """Nothing to open."""

    def encode(self, batch: LogBatch) -> LogBatch:
        """The batch itself."""
        self._encode(batch)
        return batch

    async def send(self, request: LogBatch) -> Verdicts:
        """Remember, wait, answer."""
        self.sent.append(request)
        self.sent_at.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.latency_secs)
        finally:
            self.running -= 1
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Sequence) else [answer]

    def classify(self, answer: Verdicts | Exception) -> Verdicts:
        """Anything raised is retried."""
        if isinstance(answer, Exception):
            return [Retry(type(answer).__name__)]
        return answer

    async def shutdown(self) -> None:
        """Nothing to close."""

    def bodies(self) -> list[str]:
        """The bodies of all records that were sent, in order, repeats included."""
        return [body for batch in self.sent for body in batch.column("body").to_list()]
