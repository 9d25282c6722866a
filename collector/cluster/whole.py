"""All that stands in places of the cluster's topics, read once from their beginning to their end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Unreachable, Wire

_AT_ONCE, _WAIT_SECS = 1000, 0.5


def read_whole(wire: Wire, name: str, places: Sequence[Place], secs: float) -> Iterator[Message]:
    """Each message, in order within its place, up to the end that is found first. `name`: of the reader, for the brokers' logs.

    Raises:
        Unreachable: no broker answers, or the ends are not reached in that time.
    """
    left, until = set(places), time.monotonic() + secs
    reader = wire.reader(name, prompt=True)
    try:
        reader.follow(dict.fromkeys(places, 0))
        while left:
            if time.monotonic() > until:
                raise Unreachable(
                    f"{', '.join(sorted({each.topic for each in left}))} can't be read to the end in {secs:.0f} s"
                )
            try:
                for each in reader.read(_AT_ONCE, _WAIT_SECS):
                    if isinstance(each, AtEnd):
                        left.discard(each.place)
                    elif each.place in left:
                        yield each
            except OutOfRange as gone:
                reader.follow({gone.place: gone.begins})
    finally:
        reader.close()
