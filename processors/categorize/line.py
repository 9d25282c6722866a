"""The bare lines of a batch, and what the objects around them say.

Levels, stack traces, endpoints, loggers and forms of servers are read from the line itself (`collector.lines`); what the
fields of an object say beside the line is read by `fields`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from collector.columns.dictionary import Coded, of_answers, texts
from collector.columns.memo import each
from collector.lines.bare import Unwrapped, replaced, unwrapped
from processors.categorize import first_look
from processors.categorize.fields import Fields, read

_NOTHING = Fields()


class Line(NamedTuple):
    """`text`: the bare line, `spoken`: as it is judged. `fields`: what the objects around it say, the innermost first."""

    text: str
    spoken: str
    fields: Fields = _NOTHING


def bare(body: str) -> Line:
    """The line in a body."""
    found, said = unwrapped(body), _NOTHING
    for document in found.around:
        said = _joined(read(document), said) if said is not _NOTHING else read(document)
    return Line(_told(found, said), found.spoken, said)


def _told(found: Unwrapped, said: Fields) -> str:
    """The line, or the message in it: of an object that says nothing beside (a shipper's), and a message of several lines."""
    if found.message is None or not found.line.lstrip().startswith(
        "{"
    ):  # logfmt keeps its fields: they are read from the line
        return found.line
    own = said is _NOTHING or said == _NOTHING
    return found.message if own or ("\n" in found.message and said.exception is said.server is None) else found.line


class Lines:
    """The bodies of a batch, each distinct one looked through once."""

    def __init__(self, bodies: Coded) -> None:
        self.bodies = bodies
        """The bodies as sent."""
        self._codes = bodies.codes
        self.text = bodies
        """The bare lines."""
        self.spoken = bodies
        """The bare lines as conditions have them, below their messages."""
        self.kinds = first_look.kinds(bodies.values)
        """What each of their values holds, by `first_look`."""
        self._places = np.flatnonzero(self.kinds & first_look.DECORATED)
        self._found: list[Line] = []
        if self._places.size:
            self._unwrap()

    def _unwrap(self) -> None:
        self._found = _bare(self.text.values.take(pa.array(self._places)).to_pylist())
        self.spoken = replaced(self.text, self._places, [line.spoken for line in self._found])
        lines = [line.text for line in self._found]
        self.text = replaced(self.text, self._places, lines)
        self.kinds[self._places] = first_look.kinds(texts(lines))

    def said(self, what: str) -> Coded | None:
        """A field of `Fields`, a row a record; None when no record has it."""
        answers = [getattr(line.fields, what) for line in self._found]
        if not any(answers):
            return None
        of_value = np.full(len(self.text.values) + 1, -1, dtype=np.int32)
        of_value[self._places] = np.arange(len(answers), dtype=np.int32)
        return of_answers(of_value[self._codes], [answer or None for answer in answers])


_bare = each(bare)


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
