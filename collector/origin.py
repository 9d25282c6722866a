"""How one logboom tells the next that its components made the records of a request: a header, in HTTP as in gRPC.

    logboom-made: 2        made of what was made of what was sent; without the header they were sent

Nothing in the records says so, so nothing that passes through them can forge it; and a receiver heeds it only where it is told to, of
senders who were authenticated.
"""

from __future__ import annotations

MADE_HEADER = "logboom-made"


def made_header(generation: int) -> dict[str, str]:
    """Of a request with records that were made so many times over."""
    return {MADE_HEADER: str(generation)}


def generation_in(value: str | None) -> int:
    """What the header says; 0 for what is no such number."""
    return int(value) if value is not None and value in ("1", "2", "3") else 0
