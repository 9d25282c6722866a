"""Records of one form, written straight on: loggers send the same keys in the same order again and again, so what is done with each key is
worked out once for a form, not once for a record.

A plan does what `Mapper` does where a record has at most one key for each target, and each value is what its target takes. Of any other
record a plan makes nothing, and the mapper takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from collector.receivers.json.shape import Slot
from otlp_wire.record_writing import HEADS, MAX_KEYS, attribute_field

Resource = tuple[tuple[str, str], ...]
Rule = tuple[str, int, Callable[[Any], Any]]
"""What is done with a key: the target that it fills, how many keys go before it there, and a reader that gives a field of the
record, or the text of an attribute of the resource."""
_ATTRIBUTE, _FIELD, _RESOURCE = range(3)
_NO_RULE: Rule = ("", 0, lambda _: None)
_MOST = 512


class Plan:
    """Of one form: what becomes of the value at each place."""

    __slots__ = ("_heads", "_steps")

    def __init__(
        self, keys: tuple[str, ...], rules: Mapping[str, Rule], of_resource: frozenset[str], heads: frozenset[str]
    ):
        steps = []
        for key in keys:
            target, _, read = rules.get(key, _NO_RULE)
            what = _ATTRIBUTE if key not in rules else _RESOURCE if target in of_resource else _FIELD
            steps.append((key, what, target, read))
        self._steps = tuple(steps)
        self._heads = heads

    def record(self, record: Mapping[str, Any]) -> tuple[Resource, bytes] | None:
        """The resource that it names, and the record without it; None: it is for the mapper."""
        fields: list[bytes] = []
        resource: list[tuple[str, Any]] = []
        add = fields.append
        for (key, what, target, read), value in zip(self._steps, record.values(), strict=True):
            if what == _ATTRIBUTE:
                if type(value) is str:
                    try:  # as `attribute_field`, of which a call costs as much as all that it does
                        text = value.encode()
                        add(HEADS[key][len(text)])
                        add(text)
                        continue
                    except (KeyError, UnicodeEncodeError):
                        pass
                elif type(value) is dict and key in self._heads:
                    return None
                add(attribute_field(key, value))
                continue
            content = read(value)
            if content is None:
                return None
            if what == _FIELD:
                add(content)
            else:
                resource.append((target, content))
        if len(resource) > 1:
            resource.sort()
        return tuple(resource), b"".join(fields)


class Plans:
    """The plans of a mapper, made when a form is met; safe from any thread. So many, then all are made anew.

    Args:
        special: keys whose records are no plain ones.
    """

    def __init__(
        self, rules: Mapping[str, Rule], of_resource: frozenset[str], heads: frozenset[str], special: frozenset[str]
    ) -> None:
        self._rules = rules
        self._of_resource = of_resource
        self._heads = heads
        self._special = special
        self._made: dict[tuple[str, ...], Plan | None] = {}

    def of(self, record: Mapping[str, Any]) -> Plan | None:
        """That of its form; None where there is none."""
        keys = tuple(record)
        try:
            return self._made[keys]
        except KeyError:
            if len(self._made) >= _MOST:
                self._made.clear()
            made = self._made[keys] = self._make(keys)
            return made

    def _make(self, keys: tuple[str, ...]) -> Plan | None:
        targets = [self._rules[key][0] for key in keys if key in self._rules]
        both = {str(Slot.TRACEPARENT), str(Slot.TRACE_ID)}.issubset(targets)
        if len(set(targets)) < len(targets) or both or len(keys) > MAX_KEYS or not self._special.isdisjoint(keys):
            return None
        return Plan(keys, self._rules, self._of_resource, self._heads)
