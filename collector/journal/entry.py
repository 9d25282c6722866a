"""What stands in the journal: one accepted payload of one domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.errors import Refusal


@dataclass(frozen=True, slots=True)
class Payload:
    """An admitted request, ready to be made durable.

    Args:
        domain: the tenant; one payload never mixes domains.
        receiver: id of the component it came through (`otlp`, `otlp/edge`).
        body: the uncompressed protobuf `ExportLogsServiceRequest`, checked with upb.
        records: log records in it.
        received_unix_ms: when it arrived.
        digest: xxh3-128 of `body`, 16 bytes.
    """

    domain: str
    receiver: str
    body: bytes
    records: int
    received_unix_ms: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A payload that is durable. (`journal`, `domain`, `offset`) names it for ever.

    Args:
        journal: the random id of the journal, 16 hex digits; a wiped data directory has another one.
        offset: grows by one for each entry of this journal, over all domains.
    """

    journal: str
    offset: int
    domain: str
    receiver: str
    body: bytes
    records: int
    received_unix_ms: int
    digest: bytes


Durable = Callable[[Refusal | None], None]
"""Called once, from the journal's thread: None = on disk, a `Refusal` = nothing was kept."""


class Intake(Protocol):
    """Where receivers put payloads. All of `payloads` become durable together, or none."""

    def append(self, payloads: Sequence[Payload], done: Durable) -> None: ...
