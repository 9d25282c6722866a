"""`csv_parser`: columns of a row become keys."""

from __future__ import annotations

import csv
import io
from typing import Any

from collector.stanza.absent import ABSENT
from collector.stanza.columns import Column, Rows, items
from collector.stanza.fields import Field
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Options
from collector.stanza.operators.parsing import Parser, each
from collector.stanza.problems import Failed, OperatorError


class CsvParser(Parser):
    """Its names stand in `header`, or in an attribute of the entry. A row that has line ends goes on in its last field."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._delimiter = options.take("delimiter", ",")
        self._header_delimiter = options.take("header_delimiter", "") or self._delimiter
        header, attribute = options.take("header", ""), options.take("header_attribute", "")
        self._lazy, self._ignore = options.flag("lazy_quotes"), options.flag("ignore_quotes")
        for name, value in (("delimiter", self._delimiter), ("header_delimiter", self._header_delimiter)):
            if not isinstance(value, str) or len(value) != 1:
                raise OperatorError(f"invalid '{name}': '{value}'")
        if self._lazy and self._ignore:
            raise OperatorError("only one of 'lazy_quotes' or 'ignore_quotes' can be true")
        if bool(header) == bool(attribute):
            many = "only one header parameter can be set: 'header' or 'header_attribute'"
            raise OperatorError(many if header else "missing required field 'header' or 'header_attribute'")
        if header and self._header_delimiter not in header:
            raise OperatorError("missing field delimiter in header")
        self._attribute = str(attribute)
        self._names = self._named(header) if header else []
        self._now: list[list[str]] = []

    def _named(self, header: str) -> list[str]:
        return [name.strip() for name in header.split(self._header_delimiter)]

    def apply(self, frame: Frame, rows: Rows) -> Done:
        if self._attribute:
            given = items(frame.get(Field("attributes", (self._attribute,)), rows))
            known = {name: self._named(name) if isinstance(name, str) else [] for name in set(filter(_is_text, given))}
            self._now = [known.get(name, []) if _is_text(name) else [] for name in given]
        return super().apply(frame, rows)

    def parse(self, texts_: Column) -> list[Any]:
        if not self._attribute:
            return each(texts_, lambda text: self._one(text, self._names))
        names = iter(self._now)
        found = []
        for value in items(texts_):
            own = next(names)
            found += each([value], lambda text, own=own: self._one(text, own))
        return found

    def _one(self, text: str, names: list[str]) -> dict[str, str]:
        if not names:
            raise Failed("no header")
        fields = text.split(self._delimiter) if self._ignore else self._read(text)
        if len(fields) != len(names):
            raise Failed(f"wrong number of fields: expected {len(names)}, found {len(fields)}")
        return dict(zip(names, fields, strict=True))

    def _read(self, text: str) -> list[str]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=not self._lazy)
        try:
            lines = [line for line in reader if line]
        except csv.Error as error:
            raise Failed(f"no CSV: {error}") from None
        if not lines:
            raise Failed("no csv lines found")
        joined = lines[0]
        for line in lines[1:]:
            joined[-1] += "\n" + line[0]
            joined += line[1:]
        return joined


def _is_text(value: Any) -> bool:
    return value is not ABSENT and isinstance(value, str)
