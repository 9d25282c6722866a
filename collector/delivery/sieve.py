"""Where `select` and `events` act: once for each outbox entry, before its records join a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from collector.batch import LogBatch
from collector.delivery.account import Account
from collector.delivery.config import DeliveryConfig
from collector.delivery.encoding import Encoding
from collector.delivery.events import EventKind
from collector.delivery.hand import POISON, Hand
from collector.delivery.request import Part, Request
from collector.outcomes import Items, Outcome
from collector.shaping.selection import Selection


class Sieve:
    """Ends the records that the exporter does not get as `filtered`; payloads are decoded to be judged.

    An entry on which judging raises, which only a defect can do, becomes a dead letter: it must neither be lost nor be
    sent unjudged.
    """

    def __init__(
        self,
        config: DeliveryConfig,
        encoding: Encoding,
        account: Account,
        emit: Callable[[EventKind, str, int], None],
        hand: Hand,
        takes_events: Sequence[str] = (),
        addressee: str = "",
    ) -> None:
        self._selection = Selection(
            config.select, config.kinds(takes_events), addressee, traffic=config.takes_traffic, digests=config.takes_digests
        )  # fmt: skip
        self._encoding = encoding
        self._account = account
        self._emit = emit
        self._hand = hand

    async def passed(self, part: Part) -> Part | None:
        """What of the entry is to be sent; None when nothing is left."""
        if not part.records or self._all_pass(part):
            return part
        request = Request((part,))
        if self._hand.poison(request, whole=True):
            self._bury(await self._encoding.decoded(request), POISON)
            return None
        with await self._hand.holding(request, whole=True):
            return await self._judged(request)

    def _all_pass(self, part: Part) -> bool:
        """Without a look at the records. Payloads were sent, but for those of another logboom that say otherwise."""
        if isinstance(part.content, LogBatch):
            return self._selection.passes(part.content)
        return self._selection.everything_sent and not any(entry.made for entry in part.content)

    async def _judged(self, request: Request) -> Part | None:
        if request.undecoded:
            decoded = await self._encoding.decoded(request)
            self._account.undecodable(request, decoded)
            request = decoded
        try:
            kept, left_out = await self._encoding.run(self._split, request)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  nothing unjudged leaves
            reason = f"select raised {type(error).__name__}"
            self._bury(request, reason)
            return None
        self._account.end(left_out, Outcome.FILTERED)
        return kept.parts[0] if kept.parts else None

    def _bury(self, request: Request, reason: str) -> None:
        self._emit(EventKind.FAILED, reason, 1)
        self._account.bury(request, reason)

    def _split(self, request: Request) -> tuple[Request, Request]:
        """The records that are kept, and the others."""
        kept = self._selection.keep(request.batch()).to_numpy()
        if kept.all():
            return request, Request(())
        return request.take(_positions(kept)), request.take(_positions(~kept))


def _positions(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Items:
    return np.flatnonzero(mask).astype(np.uint32)
