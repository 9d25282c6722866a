"""OTLP/HTTP at this door, for senders that have one address only: what it holds is taken as the `otlp` receiver takes it."""

from __future__ import annotations

from collector.receivers.json.taking import Taking
from otlp_wire import receive_json, receive_protobuf


def read_otlp(taking: Taking, body: bytes, protobuf: bool) -> None:
    """One request. Raises `InvalidPayload`, `TooLarge`."""
    taking.take_payload((receive_protobuf if protobuf else receive_json)(body))
