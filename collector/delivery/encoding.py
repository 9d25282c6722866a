"""An exporter's `encode`, on the exporter's own threads: a slow one does not hold up the others.

What `attributes` and `redact` take away is taken away here, just before: an exporter never sees it, and a request that is
cut, retried or dead-lettered still has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, NamedTuple, TypeVar

from collector.component import Exporter, KeepsReceipts, OneRequestPer, Ordered, PayloadExporter, TellsOrigin
from collector.delivery.receipts import Receipts
from collector.delivery.request import Decode, Request
from collector.delivery.shaping import Shape
from collector.outcomes import ReceiptKey

T = TypeVar("T")
_PAUSES_SECS = (1.0, 4.0)


class Kept(NamedTuple):
    """What an exporter that gathers is to keep, and of which run: partition and first entry."""

    partition: int
    first: int
    encoded: Any


class Panic(RuntimeError):
    """Native code gave up. Its exceptions pass by `except Exception`, and would take the whole lane with them."""


class Encoding:
    """Turns requests into what `Exporter.send` takes.

    Args:
        decode: payloads → batch, for exporters that take no payloads and for requests that must be cut.
        pool: bounded threads of this exporter.
        shape: what is done to each batch first, if anything; then payloads must be decoded, too.
        receipts: what the exporter remembers, if it does.
    """

    def __init__(
        self,
        exporter: Exporter,
        decode: Decode,
        pool: Executor,
        shape: Shape | None = None,
        receipts: Receipts | None = None,
    ) -> None:
        self._exporter = exporter
        self._decode = decode
        self._pool = pool
        self._shape = shape
        self._receipts = receipts
        by_key = isinstance(exporter, Ordered | OneRequestPer)
        self._payloads = exporter if shape is None and isinstance(exporter, PayloadExporter) and not by_key else None

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call something slow on the exporter's threads; again after a while when there was no memory or no disk for it.

        Raises whatever the function raises; those two only after the last attempt.
        """
        for pause in _PAUSES_SECS:
            try:
                return await self._on_thread(function, *arguments)
            except (MemoryError, OSError):
                await asyncio.sleep(pause)
        return await self._on_thread(function, *arguments)

    async def _on_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _contained, function, *arguments)

    def ready(self, request: Request) -> bool:
        """Whether it can be encoded as it is; else it must be decoded first."""
        return self._payloads is not None or not request.undecoded

    async def decoded(self, request: Request) -> Request:
        """The request with batches instead of payloads."""
        return await self.run(request.decoded, self._decode)

    async def encode(self, request: Request) -> Any:
        """What `send` takes. Raises whatever the exporter raises, at once."""
        if self._receipts is None:
            return await self._on_thread(self._encode, request)
        seen = await self._receipts.seen(request)
        return await self._on_thread(self._encode_with, self._receipts.exporter, request, seen)

    def _encode_with(self, exporter: KeepsReceipts, request: Request, seen: Mapping[ReceiptKey, bytes]) -> Any:
        batch = request.batch()
        return exporter.encode_with(batch if self._shape is None else self._shape(batch), seen)

    def _encode(self, request: Request) -> Any:
        if request.undecoded:
            assert self._payloads is not None
            return self._payloads.encode_payloads(request.payloads())
        batch = request.batch() if self._shape is None else self._shape(request.batch())
        generation = batch.generation
        if generation is not None and isinstance(self._exporter, TellsOrigin):
            return self._exporter.encode_made(batch, int(generation[0]))
        encoded = self._exporter.encode(batch)
        pending = request.parts[0].pending
        return encoded if pending.run is None else Kept(pending.source, pending.run, encoded)


def _contained(function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as panic:  # noqa: BLE001  pyo3's PanicException derives from it
        raise Panic(type(panic).__name__) from None
