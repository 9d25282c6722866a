"""Objects around a line, as containers, forwarders, loggers and journals write them: which key holds the line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

Document = Mapping[str, Any]

_WRAPPED = (
    ("log", ("stream", "kubernetes.pod_name", "kubernetes.container_name")),  # Docker, fluent-bit
    ("short_message", ("host", "version", "full_message")),
    ("text", ("record",)),
    ("MESSAGE", ("PRIORITY", "SYSLOG_IDENTIFIER", "_PID", "_HOSTNAME", "_SYSTEMD_UNIT")),
    ("message", ("kubernetes.pod_name", "kubernetes.container_name")),  # Vector
)
"""The key that holds the line, and keys of which one must stand beside it."""
MARKS = ('"log"', '"short_message"', '"record"', '"MESSAGE"', '"kubernetes')
"""Words of which each of these objects has one."""
_FAULT = re.compile(r"_(?:\w*(?:exception|stack_?trace)\w*|err|error|error_?message)$", re.IGNORECASE)
"""Additional fields of GELF in which a logger puts what was thrown."""


def document_in(text: str) -> Document | None:
    """The object that the text is, if it is one."""
    start = text.lstrip()
    if not start.startswith("{"):
        return None
    try:
        document = orjson.loads(start)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def line_in(document: Document) -> str | None:
    """The line that the object was put around; None when it is no such object."""
    for key, beside in _WRAPPED:
        line = document.get(key)
        if isinstance(line, str) and any(at(document, other) is not None for other in beside):
            return (_of_gelf(line, document) if key == "short_message" else line).rstrip("\n")
    return None


def _of_gelf(short: str, document: Document) -> str:
    """The short message, the full one, which repeats it or is only the stack trace that belongs to it, and fields of faults."""
    line = short
    for text in (document.get("full_message"), *(value for key, value in document.items() if _FAULT.match(key))):
        if isinstance(text, str) and text.strip() and text.strip() not in line:
            line = text if line.strip() in text else f"{line}\n{text}"
    return line


def at(document: Document, key: str) -> Any:
    """The value of a key, written with dots or nested; None where there is none."""
    if key in document:
        return document[key]
    head, dot, rest = key.partition(".")
    inner = document.get(head) if dot else None
    return at(inner, rest) if isinstance(inner, dict) else None
