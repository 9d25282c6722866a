"""Pieces of text on their way to the disk, without anybody who waits for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from collector.admission.admission import Answered, Notice
from collector.errors import Refusal
from collector.ingress.text_pieces import Piece

_AGAIN_SECS = (0.05, 1.0)
_GATHER_SECS = 0.025
"""Between two offers: under load an entry of the journal has many datagrams, and the first after a silence does not wait."""


class Offering:
    """Some at once; those that there was no room for are offered again, as they are, before any others. Belongs to one thread.

    Args:
        take: the next ones; none where nothing waits.
        digest: what nothing else has.
        submit: offers one; it may answer from any thread.
    """

    def __init__(
        self,
        take: Callable[[], Sequence[Piece]],
        digest: Callable[[], bytes],
        submit: Callable[[Piece, bytes, Answered], None],
    ) -> None:
        self._take, self._digest, self._submit = take, digest, submit
        self._again: list[tuple[Piece, bytes]] = []
        self._outcomes: list[tuple[Piece, bytes, Refusal | Notice | None]] = []
        self._under_way = 0
        self._not_before = 0.0
        self._pause = _AGAIN_SECS[0]

    @property
    def busy(self) -> bool:
        """Something is no entry yet."""
        return bool(self._under_way or self._again)

    @property
    def left(self) -> int:
        """Records that there was no room for the last time."""
        again = [piece for piece, _, outcome in self._outcomes if _comes_again(outcome)]
        return sum(piece.records for piece in (*again, *(piece for piece, _ in self._again)))

    def go_on(self) -> None:
        """See what became of those under way; when that is known of all, offer what is next."""
        while self._outcomes:
            self._settle(*self._outcomes.pop())
        now = time.monotonic()
        if self._under_way or now < self._not_before:
            return
        offered, self._again = self._again, []
        if not offered:
            offered = [(piece, self._digest()) for piece in self._take()]
        self._under_way = len(offered)
        self._not_before = now + _GATHER_SECS
        for piece, digest in offered:
            self._submit(piece, digest, partial(self._answered, piece, digest))

    def _answered(self, piece: Piece, digest: bytes, outcome: Refusal | Notice | None) -> None:
        """From any thread."""
        self._outcomes.append((piece, digest, outcome))

    def _settle(self, piece: Piece, digest: bytes, outcome: Refusal | Notice | None) -> None:
        self._under_way -= 1
        if _comes_again(outcome):
            if not self._again:
                self._not_before = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, _AGAIN_SECS[1])
            self._again.append((piece, digest))
        elif not self._again:
            self._pause = _AGAIN_SECS[0]


def _comes_again(outcome: Refusal | Notice | None) -> bool:
    return isinstance(outcome, Refusal) and outcome.retry_after_secs is not None
