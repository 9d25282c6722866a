"""The bare line of a body: what stands under the colours of a terminal and the wrapping of a container, once for all.

A body may be coloured (ANSI escape sequences), a line of a container runtime (CRI: `2026-… stdout F …`), a JSON object
around a line (Docker's json-file, GELF, loguru, journald), and these in each other. `bare` takes that off, so that levels,
stack traces, endpoints, loggers and forms of servers are read from the line itself; the record keeps its body as sent.
What the fields of an object say beside the line is read by `fields`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa

from collector.coded import Coded, of_answers, texts
from collector.memo import each
from processors.categorize import first_look
from processors.categorize.fields import Fields, at, read

MAX_BODY = 64 * 1024
"""Bytes of a body that are looked at."""
_DEEPEST = 4
"""Wrappings in each other."""

_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, moves of the cursor
    "|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)"  # OSC: titles, links
    "|\x1b[PX^_][^\x1b]*\x1b\\\\"  # DCS, SOS, PM, APC
    "|\x1b[ -/]*[0-~]"  # two characters
)
_CRI = re.compile(r"^\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) [FP] ")
_WRAPPED = (
    ("log", ("stream",)),
    ("full_message", ("short_message",)),
    ("short_message", ("host", "version")),
    ("text", ("record",)),
    ("MESSAGE", ("PRIORITY", "SYSLOG_IDENTIFIER", "_PID", "_HOSTNAME", "_SYSTEMD_UNIT")),
)
"""The key that holds the line, and keys of which one must stand beside it."""


_NOTHING = Fields()


@dataclass(frozen=True, slots=True)
class Line:
    """`text`: the bare line. `fields`: what the objects around it say, the innermost first."""

    text: str
    fields: Fields = _NOTHING


def bare(body: str) -> Line:
    """The line in a body."""
    text, said = body[:MAX_BODY], _NOTHING
    for _ in range(_DEEPEST):
        plain = _CRI.sub("", _ESCAPES.sub("", text), count=1).removeprefix("@cee:")
        document = _object(plain)
        if document is None:
            return Line(plain, said)
        inner = _wrapped(document)
        said = _joined(read(document), said)
        if inner is None:
            return Line(plain, said)
        text = inner
    return Line(text, said)


class Lines:
    """The bodies of a batch, each distinct one looked through once."""

    def __init__(self, bodies: Coded) -> None:
        self._codes = bodies.codes
        self.text = bodies
        """The bare lines."""
        self.kinds = first_look.kinds(bodies.values)
        """What each of their values holds, by `first_look`."""
        self._places = np.flatnonzero(self.kinds & first_look.DECORATED)
        self._found: list[Line] = []
        if self._places.size:
            self._unwrap()

    def _unwrap(self) -> None:
        self._found = _bare(self.text.values.take(pa.array(self._places)).to_pylist())
        plain = texts([line.text for line in self._found])
        values = pl.Series(self.text.values, dtype=pl.String).scatter(self._places, pl.Series(plain))
        self.text = Coded(self._codes, values.to_arrow())
        self.kinds[self._places] = first_look.kinds(plain)

    def said(self, what: str) -> Coded | None:
        """A field of `Fields`, a row a record; None when no record has it."""
        answers = [getattr(line.fields, what) for line in self._found]
        if not any(answers):
            return None
        of_value = np.full(len(self.text.values) + 1, -1, dtype=np.int32)
        of_value[self._places] = np.arange(len(answers), dtype=np.int32)
        return of_answers(of_value[self._codes], [answer or None for answer in answers])


_bare = each(bare)


def _object(text: str) -> Mapping[str, Any] | None:
    start = text.lstrip()
    if not start.startswith("{"):
        return None
    try:
        document = orjson.loads(start)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _wrapped(document: Mapping[str, Any]) -> str | None:
    for key, beside in _WRAPPED:
        line = document.get(key)
        if isinstance(line, str) and any(at(document, other) is not None for other in beside):
            return line.rstrip("\n")
    return None


def _joined(inner: Fields, outer: Fields) -> Fields:
    """What the inner object does not say, the outer one may."""
    return Fields(
        severity=inner.severity or outer.severity,
        logger=inner.logger or outer.logger,
        program=inner.program or outer.program,
        path=inner.path or outer.path,
        status=inner.status or outer.status,
        server=inner.server or outer.server,
        exception=inner.exception or outer.exception,
        environment=inner.environment or outer.environment,
    )
