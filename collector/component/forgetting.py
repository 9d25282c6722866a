"""Takes a person's value out of state whose values are JSON, or msgpack: what most components that keep texts have."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgpack
import orjson

from collector.component.behaviour import State
from collector.component.erasing import Erasure, Subject

Change = Callable[[bytes], bytes]
"""Value → the same without the person; the same object where nothing of them is in it."""


def forget_in(state: State, erasure: Erasure, change: Callable[[Subject], Change], prefix: bytes = b"") -> int:
    """Change the values under a prefix; what names the person in its own name goes as a whole. How many were changed, or would be."""
    subject = erasure.subject
    if subject is None:
        return 0
    changed, of_value = 0, change(subject)
    for name, value in state.scan(prefix):
        named = subject.read_in(name.decode("utf-8", "replace"))
        now = value if named else of_value(value)
        if not named and now is value:
            continue
        changed += 1
        if erasure.counts_only:
            continue
        if named:
            state.delete(name)
        else:
            state.put(name, now)
    return changed


def in_json(subject: Subject, spared: Collection[str] = ()) -> Change:
    """Of values that are JSON; others stay. `spared`: members of an object that are no texts of people, but words of ours."""

    def change(value: bytes) -> bytes:
        try:
            before = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        now = subject.hidden_within(before)
        if isinstance(before, dict):
            now = {**now, **{name: before[name] for name in spared if name in before}}
        return value if now == before else orjson.dumps(now)

    return change


def in_msgpack(subject: Subject, skipped: int = 0) -> Change:
    """Of values that are msgpack behind so many bytes; others stay."""

    def change(value: bytes) -> bytes:
        try:
            before: Any = msgpack.unpackb(value[skipped:], strict_map_key=False)
        except (ValueError, msgpack.UnpackException):
            return value
        now = subject.hidden_within(before)
        packed: bytes = msgpack.packb(now)
        return value if now == before else value[:skipped] + packed

    return change
