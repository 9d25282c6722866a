"""What a record says → keys of the dictionary. The order is the order of the event; `msg` is last, so that a transport
that cuts an event cuts its message."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from collector.documents.cef import escaping
from collector.documents.cef.dictionary import DICTIONARY, Type
from collector.documents.device_event import readings
from collector.documents.device_event.mapped import Mapped, ends
from collector.documents.device_event.pieces import UNLIMITED, Form

PER_RECORD = ("cat", "rt", "externalId", "cn2", "cs1", "deviceDnsDomain", "msg")
"""Keys out of the record's own fields: category (which every record has), time, record id, severity number, trace id, tenant, body."""

MAPPING = (
    *ends(("src", "c6a2", "shost"), ("dst", "c6a3", "dhost"), ("spt", "dpt"), readings.address),
    Mapped("transport", ("proto",), readings.transport),
    Mapped("application protocol", ("app",)),
    Mapped("user name", ("suser",)),
    Mapped("user id", ("suid",)),
    Mapped("user role", ("spriv",)),
    Mapped("url", ("request",)),
    Mapped("method", ("requestMethod",)),
    Mapped("user agent", ("requestClientApplication",)),
    Mapped("status code", ("outcome",), readings.outcome_of_status),
    Mapped("outcome", ("outcome",), readings.outcome),
    Mapped("status code", ("cn1",), readings.integer),
    Mapped("request size", ("in",), readings.integer),
    Mapped("response size", ("out",), readings.integer),
    Mapped("reason", ("reason",)),
    Mapped("file path", ("filePath",)),
    Mapped("file name", ("fname",)),
    Mapped("file size", ("fsize",), readings.integer),
    Mapped("host name", ("dvchost",)),
    Mapped("host address", ("dvc", "c6a1"), readings.machine),
    Mapped("host id", ("deviceExternalId",)),
    Mapped("process name", ("deviceProcessName",)),
    Mapped("process id", ("dvcpid",), readings.integer),
    Mapped("service", ("sourceServiceName",)),
    Mapped("action", ("act",)),
    Mapped("count", ("cnt", "type"), readings.aggregated),
    Mapped("component", ("cs2",)),
    Mapped("endpoint", ("cs3",)),
    Mapped("issue", ("cs4",)),
    Mapped("rule", ("cs5",)),
    Mapped("environment", ("cs6",)),
    Mapped("level", ("logboomTriageLevel",)),
    Mapped("detail", ("logboomExceptionMessage",)),
)
"""Keys of `CEF:0` and `CEF:1`. Where two lines fill one key the later one counts."""

MAPPING_OF_1 = (
    Mapped("group of the resource", ("reportedResourceGroupName",)),
    Mapped("name of the resource", ("reportedResourceName",)),
    Mapped("id of the resource", ("reportedResourceID",)),
    Mapped("threat actor", ("threatActor",)),
    Mapped("threat technique", ("threatAttackID",)),
    Mapped("threat framework", ("frameworkName",)),
)
"""Keys that CEF 1.2 added."""

LABELS = {
    "c6a1": "Device IPv6 Address",
    "c6a2": "Source IPv6 Address",
    "c6a3": "Destination IPv6 Address",
    "cn1": "httpStatusCode",
    "cn2": "severityNumber",
    "cs1": "traceId",
    "cs2": "component",
    "cs3": "endpoint",
    "cs4": "issueId",
    "cs5": "triageRule",
    "cs6": "environment",
}
"""What the custom keys stand for; the first three are the standard's own."""

_PAIRS = (("src", "c6a2"), ("dst", "c6a3"))
_OF_OTHER_KIND = {**dict(_PAIRS), **{six: four for four, six in _PAIRS}}
"""An end has one address: where a client's is IPv6, a proxy's IPv4 address is not its own."""
OWN_KEYS = {"logboomTriageLevel": 31, "logboomExceptionMessage": 1023}
"""Keys of ours, in the form that the standard asks for, for what its dictionary has none: key → characters."""

_PLAIN = frozenset({Type.INTEGER, Type.LONG, Type.TIMESTAMP, Type.IPV4, Type.IPV6})
_OWN = frozenset({"cat", "cs1"})
"""Texts that hold nothing to clean: out of a fixed list, hexadecimal."""


def mapped(version: int) -> tuple[Mapped, ...]:
    """The lines that an event of this version has."""
    return MAPPING + MAPPING_OF_1 if version else MAPPING


CLASS, NAME = "class", "name"
"""Of the header."""
_CLASS_LENGTH, _NAME_LENGTH = 1023, 512


@cache
def forms(version: int, device: str) -> dict[str, Form]:
    """How class, name and each key are written, in the order of the event. `device`: the header's first fields."""
    header = {
        CLASS: Form(f"CEF:{version}|{device}|", _CLASS_LENGTH, escaping.header),
        NAME: Form("|", _NAME_LENGTH, escaping.header),
    }
    return header | {key: _form(key) for key in _keys(version)}


def _keys(version: int) -> Iterator[str]:
    yield from (key for key in PER_RECORD if key != "msg")
    yield from (key for line in mapped(version) for key in line.keys if key)
    yield "msg"


def _form(key: str) -> Form:
    label = f"{key}Label={LABELS[key]} " if key in LABELS else ""
    if key in OWN_KEYS:
        return Form(f"{key}=", OWN_KEYS[key], escaping.extension)
    line = DICTIONARY[key]
    clean = None if line.type in _PLAIN or key in _OWN else escaping.extension
    return Form(f"{label}{key}=", line.length or UNLIMITED, clean, _OF_OTHER_KIND.get(key, ""))
