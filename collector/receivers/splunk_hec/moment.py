"""The time of an event."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from collector.receivers.splunk_hec.answers import Code, HecRefusal

_SCALES = ((10**16, 1), (10**13, 10**3), (10**10, 10**6), (0, 10**9))
"""A time of at least so much is nanoseconds, microseconds, milliseconds, seconds; and how many nanoseconds that is."""
_LONGEST_TIME = 64
_LATEST = 1 << 64


def unix_nano(value: Any) -> int:
    """Nanoseconds since the epoch, 0 where none is told. A text is a number; what it says is not rounded. Raises `HecRefusal`."""
    if type(value) is str:
        try:
            number = Decimal(value) if len(value) <= _LONGEST_TIME else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite():
            raise HecRefusal(Code.INVALID_DATA_FORMAT)
        if number.adjusted() > 30:
            return 0
        value = number
    elif type(value) not in (int, float):
        return 0
    scale = next((scale for least, scale in _SCALES if value >= least), 0)
    coarse = 1000 if type(value) is float and scale > 1000 else 1  # a double is good to the microsecond
    moment = round(value * (scale // coarse)) * coarse
    return moment if 0 < moment < _LATEST else 0
