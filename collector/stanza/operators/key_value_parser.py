"""`key_value_parser`: `name=value` pairs become keys."""

from __future__ import annotations

import re
from typing import Any

from collector.stanza.columns import Column
from collector.stanza.operation import Options
from collector.stanza.operators.parsing import Parser, each
from collector.stanza.problems import Failed, OperatorError


class KeyValueParser(Parser):
    """Quotes hold together what has delimiters in it, and are taken off."""

    told = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._delimiter = str(options.take("delimiter", "="))
        self._pairs = str(options.take("pair_delimiter", " "))
        if self._delimiter == self._pairs:
            raise OperatorError("delimiter and pair_delimiter cannot be the same value")
        if not self._delimiter or not self._pairs:
            raise OperatorError("delimiter and pair_delimiter are required")
        self._piece = re.compile(rf"\"|'|{re.escape(self._pairs)}|[^\"']", re.DOTALL)

    def parse(self, texts_: Column) -> list[Any]:
        return each(texts_, self._one)

    def _one(self, text: str) -> dict[str, str]:
        if not text:
            raise Failed("parse from field is empty")
        found: dict[str, str] = {}
        for pair in self._split(text) if '"' in text or "'" in text else filter(None, text.split(self._pairs)):
            key, delimiter, value = pair.partition(self._delimiter)
            if not delimiter:
                raise Failed("cannot split a pair by its delimiter")
            found[key.strip()] = value.strip()
        return found

    def _split(self, text: str) -> list[str]:
        found, current, quote = [], [], ""
        for match in self._piece.finditer(text):
            piece = match[0]
            if quote:
                if piece == quote:
                    quote = ""
                else:
                    current.append(piece)
            elif piece in ('"', "'"):
                quote = piece
            elif piece == self._pairs:
                found.append("".join(current))
                current = []
            else:
                current.append(piece)
        if quote:
            raise Failed("never reached the end of a quoted value")
        return [part for part in (*found, "".join(current)) if part]
