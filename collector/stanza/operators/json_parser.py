"""`json_parser`: an object's keys become keys. `json_array_parser`: an array's elements."""

from __future__ import annotations

import json
from typing import Any

import orjson
import polars as pl

from collector.stanza.columns import Column, items, tightened
from collector.stanza.operation import Options
from collector.stanza.operators.parsing import Parser, each, texts
from collector.stanza.problems import Failed


class JsonParser(Parser):
    """Numbers are doubles unless `parse_ints` asks for integers."""

    told = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._ints = options.flag("parse_ints")
        if not self._ints and self.to.root != "body" and not self.to.keys:
            self.make, self._ints = _double_column, True  # a column at a time

    def parse(self, texts_: Column) -> list[Any]:
        column = texts(texts_)
        if column is not None:
            try:  # in one go; commas of theirs could make of two lines that are broken one that is not
                found = orjson.loads(f"[{','.join(items(column))}]")
                if len(found) == len(column) and all(type(value) is dict for value in found):
                    return found if self._ints else [_doubled(value) for value in found]
            except orjson.JSONDecodeError:
                pass
        return each(texts_, self._one)

    def _one(self, text: str) -> dict[str, Any]:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Failed(f"no JSON: {error.msg}") from None
        if type(value) is not dict:
            raise Failed("no JSON object")
        return value if self._ints else _doubled(value)


def _double_column(values: list[Any]) -> Column:
    column = tightened(values)
    if isinstance(column, list):
        return tightened([_double(value) for value in column])
    return column.cast(pl.Float64) if column.dtype == pl.Int64 else column


def _doubled(value: dict[str, Any]) -> dict[str, Any]:
    """Integers as doubles, all the way down; in place."""
    for key, inner in value.items():
        if type(inner) is int:
            value[key] = float(inner)
        elif type(inner) in (dict, list):
            value[key] = _double(inner)
    return value


def _double(value: Any) -> Any:
    if type(value) is dict:
        return _doubled(value)
    if type(value) is list:
        return [_double(inner) for inner in value]
    return float(value) if type(value) is int else value


class JsonArrayParser(Parser):
    """With `header` each element gets the name at its place."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        header = options.take("header", "")
        self._names = str(header).split(",") if header else []

    def parse(self, texts_: Column) -> list[Any]:
        return each(texts_, self._one)

    def _one(self, text: str) -> Any:
        try:
            value = json.loads(text, strict=False)
        except ValueError:
            raise Failed("no JSON") from None
        if not isinstance(value, list):
            raise Failed("no JSON array")
        found = [_flat(each_) for each_ in value]
        if not self._names:
            return found
        if len(found) != len(self._names):
            raise Failed(f"wrong number of fields: expected {len(self._names)}, found {len(found)}")
        return dict(zip(self._names, found, strict=True))


def _flat(value: Any) -> Any:
    """What is nested stays text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) if isinstance(value, dict | list) else value
