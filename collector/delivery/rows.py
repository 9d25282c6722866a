"""What an exporter asks of the order and the company of its records: requests about one thing each (`OneRequestPer`), one after the
other by key (`Ordered`), only the newest of a key (`Supersedes`). Exporters that ask for nothing pay nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.client_info import NOTHING, Wanted
from collector.component import Exporter, OneRequestPer, Ordered, Supersedes, TellsOrigin
from collector.delivery.account import Account
from collector.delivery.clients import alike, by_client
from collector.delivery.encoding import Encoding
from collector.delivery.events import EventKind
from collector.delivery.receipts import keys_of
from collector.delivery.request import Part, Request
from collector.delivery.turns import Turn, Turns
from collector.outcomes import Items, ReceiptKey

_UNKNOWN = ("", "")
_GATHERING_SECS = 0.1
_NONE: Items = np.empty(0, dtype=np.uint32)


class Rows:
    """One exporter's. Belongs to the event loop; what looks at records runs on the exporter's threads."""

    def __init__(
        self,
        exporter: Exporter,
        encoding: Encoding,
        account: Account,
        emit: Callable[[EventKind, str, int], None],
        kept_apart: Wanted = NOTHING,
    ) -> None:
        self._per = exporter if isinstance(exporter, OneRequestPer) else None
        self._ordered = exporter if isinstance(exporter, Ordered) else None
        self._supersedes = exporter if isinstance(exporter, Supersedes) else None
        self._kept_apart = kept_apart
        self._tells = isinstance(exporter, TellsOrigin)
        self._encoding = encoding
        self._account = account
        self._emit = emit
        self._turns = Turns()

    @property
    def gathering_secs(self) -> float:
        """How long a request waits for newer ones of its key: what was read of the outbox together is known by then."""
        return 0.0 if self._supersedes is None else _GATHERING_SECS

    async def apart(self, part: Part) -> Sequence[tuple[object, Part]]:
        """(key, records): those of a key together, keys in the order of their first records. Where the exporter can't tell, which only
        a defect can do, the entry becomes a dead letter."""
        if not self._kept_apart:
            return await self._by_key(part)
        found: list[tuple[object, Part]] = []
        for client, own in await self._encoding.run(by_client, part, self._kept_apart):
            found += [((client, key), each) for key, each in await self._by_key(own)]
        return found

    def alike(self, part: Part, at: int, most: int) -> int:
        """How many records (or payloads) from `at` on came with the same, `most` at most."""
        return alike(part.slice(at, most), self._kept_apart) if self._kept_apart else most

    async def _by_key(self, part: Part) -> Sequence[tuple[object, Part]]:
        if self._tells:
            return _by_origin(part)
        if self._per is None and self._ordered is None:
            return [(None, part)]
        request = Request((part,))
        if request.undecoded:
            decoded = await self._encoding.decoded(request)
            self._account.undecodable(request, decoded)
            request = decoded
        if self._per is None or not request.records:
            return [(None, each) for each in request.parts if each.records]
        try:
            return await self._encoding.run(_apart, self._per, request.parts[0])
        except Exception as error:  # noqa: BLE001  whatever an exporter raises, the lane goes on
            reason = f"one_request_per raised {type(error).__name__}"
            self._emit(EventKind.FAILED, reason, 1)
            self._account.bury(request, reason)
            return []

    async def turn(self, request: Request) -> Turn | None:
        """Its place behind all requests of its keys; None: nobody asks for an order."""
        if self._ordered is None:
            return None
        versions: Mapping[ReceiptKey, int] = {}
        try:
            keys = await self._encoding.run(_keys, self._ordered, request)
            if self._supersedes is not None:
                versions = await self._encoding.run(_newest, self._supersedes, request)
        except Exception as error:  # noqa: BLE001  it is met again where it is encoded
            self._emit(EventKind.FAILED, f"order_by raised {type(error).__name__}", 1)
            keys = [_UNKNOWN]
        return self._turns.ask(keys, versions)

    async def overtaken(self, request: Request) -> Items:
        """The records of a request of which something newer waits, or is in it."""
        if self._supersedes is None or request.undecoded:
            return _NONE
        try:
            return await self._encoding.run(_overtaken, self._supersedes, request, self._turns.newest)
        except Exception as error:  # noqa: BLE001  then all are sent
            self._emit(EventKind.FAILED, f"version raised {type(error).__name__}", 1)
            return _NONE


def _by_origin(part: Part) -> list[tuple[object, Part]]:
    """What was sent, and what was made so many times over, each in requests of its own. Payloads were sent."""
    generation = part.content.generation if isinstance(part.content, LogBatch) else None
    if generation is None:
        return [(0, part)]
    places = pl.DataFrame({"made": generation}).with_row_index("row").group_by("made", maintain_order=True).agg("row")
    return [(made, part.take(np.asarray(rows, dtype=np.uint32))) for made, rows in places.iter_rows()]


def _apart(exporter: OneRequestPer, part: Part) -> list[tuple[object, Part]]:
    batch = part.batch()
    keyed = (
        batch.records.select("domain").with_columns(exporter.one_request_per(batch).alias("key")).with_row_index("row")
    )
    groups = keyed.group_by("domain", "key", maintain_order=True).agg("row")
    if groups.height == 1:
        return [(groups.row(0)[:2], part)]
    return [
        ((domain, key), part.take(np.asarray(rows, dtype=np.uint32)))
        for domain, key, rows in groups.iter_rows()
    ]  # fmt: skip


def _keys(exporter: Ordered, request: Request) -> list[tuple[str, str]]:
    return list(dict.fromkeys(key for part in request.parts for key in keys_of(exporter, part.batch())))


def _versioned(exporter: Supersedes, batch: LogBatch) -> pl.DataFrame:
    """domain, key, version: of the records that have both, each with its position, `row`."""
    columns = [exporter.order_by(batch).alias("key"), exporter.version(batch).cast(pl.Int64).alias("version")]
    told = batch.records.select("domain").with_columns(columns).with_row_index("row")
    return told.filter((pl.col("key").fill_null("") != "") & pl.col("version").is_not_null())


def _newest(exporter: Supersedes, request: Request) -> dict[ReceiptKey, int]:
    told = _versioned(exporter, request.batch()).group_by("domain", "key").agg(pl.col("version").max())
    return {(domain or "", key): version for domain, key, version in told.iter_rows()}


def _overtaken(exporter: Supersedes, request: Request, newest: Mapping[ReceiptKey, int]) -> Items:
    told = _versioned(exporter, request.batch())
    return np.array(
        [row for row, domain, key, version in told.iter_rows() if version < newest.get((domain or "", key), version)],
        dtype=np.uint32,
    )
