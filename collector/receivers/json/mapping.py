"""Records of a shape, one after the other, to LogRecords on the wire. The loop over the keys of a record is the hot path."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from collector.receivers.json import values
from collector.receivers.json.plans import Plans, Resource, Rule
from collector.receivers.json.shape import Shape, Slot
from otlp_wire import record_writing as wire
from otlp_wire.record_writing import MAX_KEYS, attribute_field

_OBJECTS = frozenset(("body", "message", "msg"))
"""Keys of a body that may be an object; `event`, `log` and others are then objects with members of their own."""


class Mapper:
    """The compiled declaration of a shape; safe from any thread."""

    def __init__(self, shape: Shape) -> None:
        self._rules = _rules(shape)
        self._heads = frozenset(key[:at] for key in self._rules for at, sign in enumerate(key) if sign == ".")
        self._of_resource = frozenset(shape.resource)
        self._left_out = shape.left_out
        self._prefix = shape.prefix
        self._plain = not shape.prefix and not shape.left_out

    def plans(self, special: frozenset[str]) -> Plans:
        """Of the forms of records without these keys, for a shape that calls attributes as its senders do."""
        assert self._plain
        return Plans(self._rules, self._of_resource, self._heads, special)

    def record(self, record: Mapping[str, Any]) -> tuple[Resource, bytes]:
        """The resource that it names, and the record without it."""
        found = _Fields()
        fields, taken = found.fields, found.taken
        rules, plain = self._rules, self._plain
        for key, value in record.items() if len(record) <= MAX_KEYS else islice(record.items(), MAX_KEYS):
            if key in rules:
                target, rank, read = rules[key]
                content = read(value)
                if content is not None:
                    if target in taken:
                        found.rival(target, rank, content, key, value)
                    else:
                        taken[target] = (rank, len(fields), key, value)
                        fields.append(content)
                    continue
            elif plain and type(value) is not dict:
                fields.append(attribute_field(key, value))
                continue
            self._other(found, key, value)
        if len(record) > MAX_KEYS:
            found.dropped = len(record) - MAX_KEYS
        return found.done(self._of_resource)

    def _other(self, found: _Fields, key: str, value: Any) -> None:
        """A key that no rule takes, or whose value it can't read: an attribute, unless members of it have rules."""
        if key in self._left_out or (value is None and key in self._rules):  # null for what it is says nothing
            return
        if type(value) is dict and key in self._heads:
            value = self._members(found, key, value)
            if not value:
                return
        if self._prefix and key.startswith(self._prefix) and len(key) > len(self._prefix):
            key = key[len(self._prefix) :]
        found.fields.append(attribute_field(key, value))

    def _members(self, found: _Fields, prefix: str, members: dict[str, Any]) -> dict[str, Any]:
        """What is left of an object when its members that have rules are taken."""
        left: dict[str, Any] = {}
        for name, value in members.items():
            key = f"{prefix}.{name}"
            target, rank, read = self._rules.get(key, _NO_RULE)
            content = read(value)
            if content is not None:
                found.take(target, rank, content, key, value)
            elif type(value) is dict and key in self._heads:
                rest = self._members(found, key, value)
                left.update({name: rest} if rest else {})
            else:
                left[name] = value
        return left


class _Fields:
    """What a record has shown so far. `taken`: target → (rank, place in `fields`, key, value)."""

    __slots__ = ("dropped", "fields", "taken")

    def __init__(self) -> None:
        self.fields: list[Any] = []
        self.taken: dict[str, tuple[int, int, str, Any]] = {}
        self.dropped = 0

    def take(self, target: str, rank: int, content: Any, key: str, value: Any) -> None:
        """The content is the target's."""
        if target in self.taken:
            self.rival(target, rank, content, key, value)
        else:
            self.taken[target] = (rank, len(self.fields), key, value)
            self.fields.append(content)

    def rival(self, target: str, rank: int, content: Any, key: str, value: Any) -> None:
        """Two keys for one target: the one that stands first in the declaration has it, the other is an attribute."""
        first, place, other, value_there = self.taken[target]
        if rank < first:
            self.taken[target] = (rank, place, key, value)
            self.fields[place] = content
            key, value = other, value_there
        self.fields.append(attribute_field(key, value))

    def done(self, of_resource: frozenset[str]) -> tuple[Resource, bytes]:
        """The resource, and the record's fields joined."""
        fields, taken, resource = self.fields, self.taken, []
        for target in of_resource.intersection(taken):
            place = taken[target][1]
            resource.append((target, fields[place]))
            fields[place] = b""
        if Slot.TRACEPARENT in taken and Slot.TRACE_ID in taken:
            _, place, key, value = taken[Slot.TRACEPARENT]
            fields[place] = attribute_field(key, value)
        if self.dropped:
            fields.append(wire.dropped_field(self.dropped))
        return tuple(sorted(resource)) if len(resource) > 1 else tuple(resource), b"".join(fields)


_NO_RULE: Rule = ("", 0, lambda _: None)


def _rules(shape: Shape) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for slot, keys in shape.slots.items():
        rules |= {key: (str(slot), rank, _reader(slot, key)) for rank, key in enumerate(keys)}
    for name, keys in shape.attributes.items():
        rules |= {key: (name, rank, values.attribute_reader(name)) for rank, key in enumerate(keys)}
    for name, keys in shape.resource.items():
        rules |= {key: (name, rank, values.resource_text) for rank, key in enumerate(keys)}
    return rules


def _reader(slot: Slot, key: str) -> values.Reader:
    if slot is Slot.BODY:
        return values.any_body if key in _OBJECTS else values.text_body
    return values.READERS[slot]
