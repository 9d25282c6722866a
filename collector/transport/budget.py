"""What is limited, and held by many senders while we wait for them: connections, bytes of unfinished bodies, calls.

It counts what is here, never what was announced. Nobody has a reserved part: who comes is let in, and when more is held
than there is, somebody gives back: of the peer that holds the most, of its connection that holds the most times, whoever
has been silent for the longest time. So one peer alone may use everything, and can keep nothing from anybody else.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

logger = logging.getLogger(__name__)
_LOG_SECS = 60.0
_SLACK = 16  # a reclaim frees this part of all at once, so that a flood pays for one look at the holders in many


class Holder(Protocol):
    """Who holds something. `peer` is asked only when somebody must give back, or a peer is bounded."""

    heard: float
    """When it last gave a sign of life, by a clock that all holders share."""

    @property
    def peer(self) -> str:
        """The address, without a port."""
        ...

    @property
    def connection(self) -> object:
        """Equal for all that one connection holds."""
        ...


H = TypeVar("H", bound=Holder)


class Budget(Generic[H]):
    """`total` units of `what`. Not safe for threads: each budget belongs to one.

    Args:
        what: for the log, as in `connections on 127.0.0.1:4318`.
        cut: makes a holder give back; False when it can't, because its request is whole and an answer is due.
        share: what one peer may hold; 0 = everything.
    """

    def __init__(self, what: str, total: int, cut: Callable[[H], bool], share: int = 0) -> None:
        self.what = what
        self.total = total
        self.used = 0
        self.cuts = 0
        self._cut = cut
        self._share = share
        self._held: dict[H, int] = {}
        self._by_peer: Counter[str] = Counter()  # kept only where a peer is bounded
        self._logged_at = -_LOG_SECS

    def hold(self, holder: H, amount: int) -> None:
        """Count `amount` for `holder`, in place of what it held. It may be the one that has to give back."""
        more = amount - self._held.get(holder, 0)
        self._held[holder] = amount
        self.used += more
        if self._share:
            peer = holder.peer
            self._by_peer[peer] += more
            if self._by_peer[peer] > self._share:
                own = [each for each in self._held if each.peer == peer]
                self._reclaim(own, self._by_peer[peer], self._share, f"the share of one peer, {self._share}, is")
        if self.used > self.total:
            self._reclaim(self._held, self.used, self.total, f"all {self.total} are")

    def release(self, holder: H) -> None:
        """It holds nothing any more; may be called for one that never did."""
        amount = self._held.pop(holder, 0)
        self.used -= amount
        if self._share and amount:
            peer = holder.peer
            self._by_peer[peer] -= amount
            if not self._by_peer[peer]:
                del self._by_peer[peer]

    def __iter__(self) -> Iterator[H]:
        """All holders now, the one that came first in front."""
        return iter(list(self._held))

    def _reclaim(self, holders: Collection[H], used: int, bound: int, words: str) -> None:
        goal = self.used - (used - bound) - bound // _SLACK
        for holder in _in_turn(holders, self._held):
            if self.used <= goal:
                break
            if self._cut(holder):
                self.cuts += 1
                self.release(holder)
        self._tell(words)

    def _tell(self, words: str) -> None:
        now = time.monotonic()
        if now - self._logged_at >= _LOG_SECS:
            self._logged_at = now
            logger.warning(
                "%s: %s in use; of the peers that hold the most, those that are silent for the longest time are cut "
                "off (%d so far)", self.what, words, self.cuts,
            )  # fmt: skip


def _in_turn(holders: Collection[H], held: Mapping[H, int]) -> list[H]:
    """Who gives back first stands in front."""
    by_peer: Counter[str] = Counter()
    by_connection: Counter[object] = Counter()
    for holder in holders:
        by_peer[holder.peer] += held[holder]
        by_connection[holder.connection] += 1
    return sorted(holders, key=lambda each: (-by_peer[each.peer], -by_connection[each.connection], each.heard))
