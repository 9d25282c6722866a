"""A request of `webhook`."""

from __future__ import annotations

from dataclasses import dataclass

from collector.transport.sized_body import SizedBody

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """A request: its body as it is sent, what it is known by at each repetition, and what it holds. `plain`: it is not compressed."""

    body: SizedBody
    id: str
    media_type: str
    plain: bool = False
