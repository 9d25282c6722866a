"""What becomes of a request above what its domain may send, where not all of them are refused."""

from __future__ import annotations

from typing import Literal

import xxhash

from collector.admission.steps import Arrival
from collector.errors import Exhausted
from collector.severity_words import WARN, number_of
from otlp_wire import Received, Repairs, severities

Policy = Literal["refuse", "keep_severe", "sample"]
_HINT_SECS = (
    120.0  # answers vary it by ± 50 %: a minute at least, so that SDKs give up at once instead of asking all day
)


def is_taken(arrival: Arrival, why: str, policy: Policy, one_in: int) -> bool:
    """Whether it is taken all the same. With `sample` one that is not becomes an empty one, and its sender is told.

    Args:
        why: a sentence for the sender.
        one_in: with `sample` of so many requests one is taken, the same when it is sent again.

    Raises:
        Exhausted: it is refused.
    """
    assert arrival.received is not None
    if arrival.text:  # what stays where it is can wait, whatever the policy
        raise Exhausted(why, _HINT_SECS)
    body = arrival.received.body
    if policy == "sample":
        if xxhash.xxh3_64_intdigest(body) % one_in == 0:
            return True
        first = f"{why}: one request of {one_in} is taken"
        arrival.received = Received(b"", 0, 0, Repairs(rejected=arrival.records, first=first))
        return False
    if policy == "keep_severe" and _is_severe(body):
        return True
    raise Exhausted(why, _HINT_SECS)


def _is_severe(body: bytes) -> bool:
    """Whether it holds a warning or worse, by its number or, without one, its word."""
    numbers, words = severities(body)
    return any(number >= WARN for number in numbers) or any((number_of(word) or 0) >= WARN for word in words)
