"""A record that a receiver made, on its way to a request."""

from __future__ import annotations

from typing import NamedTuple


class Written(NamedTuple):
    """Attributes of its resource, and its fields joined (`otlp_wire.record_writing`)."""

    resource: tuple[tuple[str, str], ...]
    record: bytes
