"""What paths name: places of a batch, and how their values are seen.

A place belongs to a level, the record, its scope or its resource; `cache` is a map of each record (or resource, or scope)
for as long as the statements of a group run. What came with the record's request is a level, too, which is read alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from collector.client_info import NOTHING, Wanted
from collector.ottl import syntax
from collector.ottl.plain import getters
from collector.ottl.plain.kinds import EvaluationError, SpanId, Time, TraceId
from collector.ottl.problems import nearest


class Level(StrEnum):
    """Whose a place is, the lowest first."""

    RECORD = "log"
    SCOPE = "scope"
    RESOURCE = "resource"
    CLIENT = "otelcol"


ORDER = (Level.RECORD, Level.SCOPE, Level.RESOURCE)
ATTRIBUTES, CACHE, BODY = "attributes", "cache", "body"
MAPS = (ATTRIBUTES, CACHE)
METADATA, AUTH, ADDRESS = "metadata", "auth", "address"


@dataclass(frozen=True, slots=True)
class Place:
    """A field, or a map (`key` None: all of it), or what stands under one key of a map."""

    level: Level
    name: str
    key: str | None = None

    @property
    def whole(self) -> Place:
        """The map that it is in, or itself."""
        return Place(self.level, self.name)


def _same(value: Any) -> Any:
    return value


def _kept(kind: type) -> Callable[[Any, Any], Any]:
    """A setter of one kind: others are ignored, as upstream does."""
    return lambda old, new: new if type(new) is kind else old


def _set_time(old: Any, new: Any) -> Any:
    return new.nanoseconds if isinstance(new, Time) else old


def _set_id(kind: type) -> Callable[[Any, Any], Any]:
    return lambda old, new: bytes(new) if type(new) is kind else old  # type: ignore[call-overload]


def _set_hex(size: int) -> Callable[[Any, Any], Any]:
    def put(old: Any, new: Any) -> Any:
        if not isinstance(new, str):
            return old
        try:
            data = bytes.fromhex(new)
        except ValueError:
            raise EvaluationError(f"{new!r} is not hexadecimal") from None
        if len(data) != size:
            raise EvaluationError(f"an id of {size} bytes is needed, this one has {len(data)}")
        return data

    return put


@dataclass(frozen=True, slots=True)
class View:
    """How a path shows the value of its place, and what setting it makes of the old value and the new."""

    field: str
    see: Callable[[Any], Any] = _same
    put: Callable[[Any, Any], Any] = lambda _, new: new


def _id(kind: type, size: int) -> Callable[[Any], Any]:
    return lambda data: kind(data or bytes(size))


def _hexadecimal(size: int) -> Callable[[Any], str]:
    return lambda data: (data or bytes(size)).hex()


_INT, _STR = _kept(int), _kept(str)
_OF_RECORD: Mapping[str, View] = {
    BODY: View(BODY),
    "body.string": View(BODY, getters.text, _STR),
    "attributes": View(ATTRIBUTES, put=_kept(dict)),
    "time_unix_nano": View("time_unix_nano", put=_INT),
    "observed_time_unix_nano": View("observed_time_unix_nano", put=_INT),
    "time": View("time_unix_nano", Time, _set_time),
    "observed_time": View("observed_time_unix_nano", Time, _set_time),
    "severity_number": View("severity_number", put=_INT),
    "severity_text": View("severity_text", put=_STR),
    "flags": View("flags", put=_INT),
    "dropped_attributes_count": View("dropped_attributes_count", put=_INT),
    "event_name": View("event_name", put=_STR),
    "trace_id": View("trace_id", _id(TraceId, 16), _set_id(TraceId)),
    "span_id": View("span_id", _id(SpanId, 8), _set_id(SpanId)),
    "trace_id.string": View("trace_id", _hexadecimal(16), _set_hex(16)),
    "span_id.string": View("span_id", _hexadecimal(8), _set_hex(8)),
    "cache": View(CACHE, put=_kept(dict)),
}
_SHARED: Mapping[str, View] = {
    "attributes": View(ATTRIBUTES, put=_kept(dict)),
    "dropped_attributes_count": View("dropped_attributes_count", put=_INT),
    "schema_url": View("schema_url", put=_STR),
    "cache": View(CACHE, put=_kept(dict)),
}
_OF_SCOPE: Mapping[str, View] = {**_SHARED, "name": View("name", put=_STR), "version": View("version", put=_STR)}
_OF_CLIENT: Mapping[str, View] = {
    "client.addr": View(ADDRESS),
    "client.metadata": View(METADATA),
    "client.auth.attributes": View(AUTH),
    "grpc.metadata": View(METADATA),
}
_VIEWS: Mapping[Level, Mapping[str, View]] = {
    Level.RECORD: _OF_RECORD, Level.SCOPE: _OF_SCOPE, Level.RESOURCE: _SHARED, Level.CLIENT: _OF_CLIENT,
}  # fmt: skip
_PREFIXES: Mapping[str, Level] = {
    "log": Level.RECORD,
    "scope": Level.SCOPE,
    "instrumentation_scope": Level.SCOPE,
    "resource": Level.RESOURCE,
    "otelcol": Level.CLIENT,
}
OTHER_CONTEXTS = ("span", "spanevent", "metric", "datapoint", "profile", "request")


class UnknownPathError(ValueError):
    """There is no such path, or not in this context."""


def named_level(path: syntax.Path) -> Level | None:
    """The context that a path names itself: `resource.attributes["x"]`."""
    first = path.fields[0]
    return _PREFIXES.get(first.name) if len(path.fields) > 1 and not first.keys else None


def view_of(path: syntax.Path, context: Level) -> tuple[Level, View]:
    """Raises `UnknownPathError`."""
    named = named_level(path)
    level = context if named is None else named
    dotted = ".".join(field.name for field in (path.fields if named is None else path.fields[1:]))
    if any(field.keys for field in path.fields[:-1]):
        raise UnknownPathError("only the last part of a path may have keys")
    if level is not Level.CLIENT and ORDER.index(level) < ORDER.index(context):
        raise UnknownPathError(f"{path.dotted} is about the {level}, and the context is {context}")
    view = _VIEWS[level].get(dotted)
    if view is None:
        known = [*_VIEWS[level], *(f"{prefix}.{name}" for prefix, own in _PREFIXES.items() for name in _VIEWS[own])]
        raise UnknownPathError(f"unknown path {path.dotted}{nearest(path.dotted, known)}")
    return level, view


def asked_of_clients(places: Iterable[Place]) -> Wanted:
    """What of requests the places read."""
    wanted = NOTHING
    for place in places:
        if place.level is Level.CLIENT and place.key is not None:
            wanted |= Wanted.headers([place.key]) if place.name == METADATA else Wanted(auth=frozenset({place.key}))
        elif place.level is Level.CLIENT:
            wanted |= Wanted(address=True)
    return wanted
