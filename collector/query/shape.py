"""What a query asks, without what it asks for: `service:? text level:?`. For whoever may know that somebody searched, and not for what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.query.query import Query
from collector.query.syntax import And, Node, Not, Or, Test, Text

_DIGITS = re.compile(r"\d{3,}")
_MOST = 300


def shape_of(text: str) -> str:
    """The fields that it names, each once, in order; `text` for words of bodies. Raises `QueryError`."""
    return " ".join(dict.fromkeys(_terms(Query(text).node)))[:_MOST]


def _terms(node: Node) -> Iterator[str]:
    match node:
        case And(terms, _) | Or(terms, _):
            for term in terms:
                yield from _terms(term)
        case Not(term, _):
            yield from _terms(term)
        case Test(field, _):
            yield f"{_DIGITS.sub('#', field.name[:60])}:?"
        case Text():
            yield "text"
        case _:
            return
