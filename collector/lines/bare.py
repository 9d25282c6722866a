"""The bare line of a body, of one and of a column."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
import pyarrow as pa

from collector.columns.dictionary import Coded, Rows
from collector.columns.memo import Memo, each
from collector.lines.decoration import decorated, stripped
from collector.lines.envelopes import Document, document_in, line_in
from collector.lines.messages import message_in, message_of

MAX_OBJECT = 64 * 1024
"""Characters of a JSON object that is looked into; the text of a longer one is its line."""
_DEEPEST = 4
"""Wrappings in each other."""


class Unwrapped(NamedTuple):
    """`line`: the bare line. `around`: the objects that it stood in, or that it is itself, the outermost first. `message`: the
    words of a line that is JSON or logfmt of a logger."""

    line: str
    around: tuple[Document, ...] = ()
    message: str | None = None

    @property
    def spoken(self) -> str:
        """What is judged: the line, below its message where it has one of its own."""
        return self.line if self.message is None else f"{self.message}\n{self.line}"


def unwrapped(body: str) -> Unwrapped:
    """The line in a body, and what stood around it."""
    text = body
    around: tuple[Document, ...] = ()
    for _ in range(_DEEPEST):
        text = stripped(text)
        document = document_in(text) if len(text) <= MAX_OBJECT else None
        if document is None:
            return Unwrapped(text, around, message_in(text))
        around = (*around, document)
        inner = line_in(document)
        if inner is None:
            return Unwrapped(text.replace("\\/", "/"), around, message_of(document))  # PHP escapes the slash
        text = inner
    return Unwrapped(text, around)


def bare_lines(bodies: Coded) -> Coded:
    """The bare lines of bodies as they are judged, each distinct one that may have decoration looked through once."""
    places = decorated(bodies.values)
    if not places.size:
        return bodies
    return replaced(bodies, places, _lines(bodies.values.take(pa.array(places)).to_pylist()))


def replaced(texts: Coded, places: Rows, lines: list[str]) -> Coded:
    """The texts with lines in the places of some of their values; values may then be there twice."""
    values = pl.Series(texts.values, dtype=pl.String).scatter(places, pl.Series(lines, dtype=pl.String))
    return Coded(texts.codes, values.to_arrow())


_lines: Memo[str, str] = each(lambda body: unwrapped(body).spoken)
