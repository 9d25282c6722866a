"""`uri_parser`: the parts of an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from collector.stanza.columns import Column
from collector.stanza.operators.parsing import Parser, each
from collector.stanza.problems import Failed


class UriParser(Parser):
    """A whole URI, a path, or a query that begins with `?`."""

    def parse(self, texts_: Column) -> list[Any]:
        return each(texts_, _parts)


def _parts(text: str) -> dict[str, Any]:
    try:
        if text.startswith("?"):
            return {"query": parse_qs(text[1:], keep_blank_values=True, strict_parsing=bool(text[1:]))}
        split = urlsplit(text)
        port = split.port
    except ValueError as error:
        raise Failed(f"no URI: {type(error).__name__}") from None
    if not split.scheme and not text.startswith("/"):
        raise Failed("no URI: neither a scheme nor a path")
    found: dict[str, Any] = {}
    if split.scheme:
        found["scheme"] = split.scheme
    if split.username is not None:
        found["user"] = split.username
    if split.hostname:
        found["host"] = split.hostname
    if port is not None:
        found["port"] = str(port)
    if split.path:
        found["path"] = split.path
    if split.query:
        found["query"] = parse_qs(split.query, keep_blank_values=True)
    return found
