"""What a shape declares: which keys of a sender's records mean what in OTLP. The first key of a list that can be read counts;
the others, and all that no list names, stay attributes.

A key with dots, such as `error.type`, is meant as it stands and as a member of an object `error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Keys = tuple[str, ...]


class Slot(StrEnum):
    """Parts of a LogRecord that are no attributes."""

    TIME = "time"
    BODY = "body"
    SEVERITY = "severity"
    TRACE_ID = "trace_id"
    SPAN_ID = "span_id"
    FLAGS = "flags"
    TRACEPARENT = "traceparent"
    EVENT = "event_name"


@dataclass(frozen=True)
class Shape:
    """One sender's shape of records.

    Args:
        name: as `formats` has it.
        summary: who sends it.
        paths: where it is posted to.
        slots: part of a record → keys that it is taken from.
        resource: attribute of the resource → keys.
        attributes: attribute of the record → keys; these are renamed.
        left_out: keys that say nothing about a record.
        prefix: of keys that are the sender's own fields, cut off.
        status: of the answer to what was taken.
        max_bytes: of a body; 0 = as the listener has it.
    """

    name: str
    summary: str
    paths: Keys
    slots: Mapping[Slot, Keys] = field(default_factory=dict)
    resource: Mapping[str, Keys] = field(default_factory=dict)
    attributes: Mapping[str, Keys] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    prefix: str = ""
    status: int = 202
    max_bytes: int = 0
