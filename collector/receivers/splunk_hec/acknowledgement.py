"""Acknowledgement by number. A request is answered when it is on disk, so that each number that was given is true, whichever of our
processes is asked, and after any restart: nothing has to be remembered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from uuid import UUID

import orjson

from collector.receivers.splunk_hec.answers import Code, HecRefusal

_EPOCH_MS = 1_735_689_600_000  # 2025: a number has 53 bits, as many as a double holds, until 2094
_PROCESS_BITS = _SEQUENCE_BITS = 6
_SHIFT = _PROCESS_BITS + _SEQUENCE_BITS
_AHEAD_MS = 60_000
"""A clock may be set back."""
_MOST_ASKED = 100_000


class AckIds:
    """The numbers of one process: the millisecond, the process, one number behind the other. No two are equal."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._process = os.getpid() % (1 << _PROCESS_BITS)
        self._last = (0, 0)

    def next(self) -> int:
        """A number that was not given yet."""
        ms, sequence = max((self._now(), 0), (self._last[0], self._last[1] + 1))
        if sequence == 1 << _SEQUENCE_BITS:
            ms, sequence = ms + 1, 0
        self._last = ms, sequence
        return ms << _SHIFT | self._process << _SEQUENCE_BITS | sequence

    def given(self, number: int) -> bool:
        """Whether a number is one that may have been given."""
        return 0 < number >> _SHIFT <= self._now() + _AHEAD_MS

    def _now(self) -> int:
        return int(self._clock() * 1000) - _EPOCH_MS


def check_channel(channel: str) -> None:
    """Raises `HecRefusal` for what is no UUID."""
    if not channel:
        raise HecRefusal(Code.CHANNEL_MISSING)
    try:
        UUID(channel)
    except ValueError:
        raise HecRefusal(Code.INVALID_CHANNEL) from None


def asked(body: bytes) -> list[int]:
    """The numbers of `{"acks": [1, 2]}`. Raises `HecRefusal`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HecRefusal(Code.INVALID_DATA_FORMAT) from None
    numbers = document.get("acks") if type(document) is dict else None
    if type(numbers) is not list or not 0 < len(numbers) <= _MOST_ASKED or not all(type(one) is int for one in numbers):
        raise HecRefusal(Code.INVALID_DATA_FORMAT)
    return numbers
