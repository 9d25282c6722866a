"""Entries on their way through operators: the live columns of a batch, written back once.

A field below body, attributes or resource is looked up by its first key as a column; what lies deeper is in the maps that such a column
holds. Maps belong to one entry each: who puts one in twice, copies it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

import otlp_wire
from collector.stanza.absent import ABSENT
from collector.stanza.columns import Column, Rows, items, nothing, put, taken, tightened
from collector.stanza.fields import Field
from collector.stanza.problems import OperatorError

MOST_COLUMNS = 128
"""Keys of maps that become columns of attributes at once; rarer ones stay in a map for each entry."""


Make = Callable[[list[Any]], Column]


class Table:
    """Attributes, or those of the resource: a column a key, and maps of rare keys."""

    def __init__(self, height: int, columns: dict[str, Column] | None = None) -> None:
        self.height = height
        self.columns: dict[str, Column] = columns or {}
        self.packed: dict[str, pl.Series] = {}
        """Serialised values (AnyValue) of keys that no operator has asked for; null = absent."""
        self.loose: list[dict[str, Any] | None] | None = None
        self.told: set[str] = set()
        """Keys that the text itself chose: they name no place."""

    def get(self, key: str) -> Column:
        """Absent everywhere where nobody has it."""
        if key in self.packed:
            self._unpack(key)
        self._gather(key)
        return self.columns.get(key) if key in self.columns else nothing(self.height)  # type: ignore[return-value]

    def set(self, key: str, rows: Rows, values: Column) -> None:
        self.columns[key] = put(self.get(key), rows, values)
        self.told.discard(key)

    def pack(self, key: str, rows: Rows, values: pl.Series) -> None:
        """Set serialised values, which stay so until somebody asks for them. Null: as it was."""
        if key in self.columns or key in self.packed or self.loose is not None:
            there = values.is_not_null().to_numpy()
            self.set(key, rows[there], [otlp_wire.any_to_python(value) for value in values.drop_nulls().to_list()])
            return
        whole = values if len(rows) == self.height else None
        if whole is None:
            index = np.full(self.height, -1, dtype=np.int64)
            index[rows] = np.arange(len(rows))
            whole = values.gather(pl.Series(index).replace(-1, None))
        self.packed[key] = whole

    def unpack(self) -> None:
        """All columns as values."""
        for key in list(self.packed):
            self._unpack(key)

    def _unpack(self, key: str) -> None:
        self.columns[key] = [
            ABSENT if value is None else otlp_wire.any_to_python(value) for value in self.packed.pop(key).to_list()
        ]

    def merge(self, rows: Rows, maps: list[Any], *, told: bool = False, make: Make = tightened) -> None:
        """Set the keys of a map for each of the rows. `make`: a column of what a key holds."""
        self.unpack()
        counted: Counter[str] = Counter()
        for keys, times in Counter(map(tuple, maps)).items():
            counted.update(dict.fromkeys(keys, times))
        common = dict(counted.most_common(MOST_COLUMNS))
        for key, times in common.items():
            everywhere = times == len(maps)
            found = list(map(itemgetter(key), maps)) if everywhere else [each.get(key, ABSENT) for each in maps]
            values = make(found)
            whole = times == len(maps)
            before = None if whole and len(rows) == self.height else self.get(key)
            chosen = self._over(taken(before, rows), values, whole) if before is not None and not whole else values
            new = key not in self.columns
            self.columns[key] = values if before is None else put(before, rows, chosen)
            if told and new:
                self.told.add(key)
        if len(counted) > len(common):
            self._keep_loose(rows, maps, common)

    def _over(self, before: Column, values: Column, whole: bool) -> Column:
        merged = [old if new is ABSENT else new for old, new in zip(items(before), items(values), strict=True)]
        return values if whole else tightened(merged)

    def _keep_loose(self, rows: Rows, maps: list[Any], common: Iterable[str]) -> None:
        self.loose = self.loose or [None] * self.height
        there = set(common)
        for row, each in zip(rows.tolist(), maps, strict=True):
            rare = {key: value for key, value in each.items() if key not in there}
            for key in rare.keys() & self.columns.keys():
                self.columns[key] = put(self.columns[key], np.array([row]), [rare.pop(key)])
            if rare:
                self.loose[row] = {**(self.loose[row] or {}), **rare}

    def _gather(self, key: str) -> None:
        if self.loose is None or key in self.columns:
            return
        found = [ABSENT if each is None else each.pop(key, ABSENT) for each in self.loose]
        if any(value is not ABSENT for value in found):
            self.columns[key] = tightened(found)

    def row_maps(self, rows: Rows) -> list[dict[str, Any]]:
        """Of each of the rows all keys and values."""
        self.unpack()
        maps: list[dict[str, Any]] = [{} for _ in rows]
        for key, column in self.columns.items():
            for each, value in zip(maps, items(taken(column, rows)), strict=True):
                if value is not ABSENT:
                    each[key] = value
        for each, row in zip(maps, rows.tolist(), strict=True) if self.loose is not None else ():
            each |= self.loose[row] or {}  # type: ignore[index]
        return maps

    def clear(self, rows: Rows) -> None:
        """No keys for these rows."""
        self.unpack()
        for key in list(self.columns):
            self.columns[key] = put(self.columns[key], rows, nothing(len(rows)))
        for row in rows.tolist() if self.loose is not None else ():
            self.loose[row] = None  # type: ignore[index]

    def repeat(self, rows: Rows) -> None:
        """Rows once more, behind the others."""
        self.unpack()
        for key, column in self.columns.items():
            self.columns[key] = repeated(column, rows)
        if self.loose is not None:
            self.loose += [deepcopy(self.loose[row]) for row in rows.tolist()]
        self.height += len(rows)


def repeated(column: Column, rows: Rows) -> Column:
    """A column with some of its rows once more, behind the others."""
    if isinstance(column, list):
        return column + [deepcopy(column[row]) for row in rows.tolist()]
    return pl.concat([column, column[rows]])


class Frame:
    """Entries. `origin` is the row of the batch that each was made of."""

    def __init__(self, body: Column, attributes: Table, resource: Table) -> None:
        self.height = len(body)
        self.body = body
        self.attributes = attributes
        self.resource = resource
        self.fields: dict[str, Column] = {}
        """Changed fields of records: `time_unix_nano`, `severity_number`, `severity_text`, `trace_id`, `span_id`, `flags`, `scope`."""
        self.origin: Rows = np.arange(self.height)
        self.copies: Rows = np.zeros(self.height, dtype=np.int64)
        """0, or which of several entries made of one it is."""

    def table(self, root: str) -> Table:
        """Of attributes or resource."""
        return self.attributes if root == "attributes" else self.resource

    def get(self, field: Field, rows: Rows) -> Column:
        """The values of some rows."""
        if field.root == "body":
            return self._below(taken(self.body, rows), field.keys)
        table = self.table(field.root)
        if not field.keys:
            return list(table.row_maps(rows))
        return self._below(taken(table.get(field.keys[0]), rows), field.keys[1:])

    def _below(self, column: Column, keys: tuple[str, ...]) -> Column:
        if not keys:
            return column
        if not isinstance(column, list):
            return nothing(len(column))
        return tightened([_inner(value, keys) for value in column])

    def set(self, field: Field, rows: Rows, values: Column, *, told: bool = False, make: Make = tightened) -> None:
        """Set values; maps are merged into what is there. Attributes and resource themselves take only maps."""
        if isinstance(values, list) and any(type(value) is dict for value in values):
            self._merge(field, rows, values, told=told, make=make)
        elif field.root == "body" and not field.keys:
            self.body = put(self.body, rows, values)
        elif field.keys and field.root != "body" and len(field.keys) == 1:
            self.table(field.root).set(field.keys[0], rows, values)
        elif field.keys:
            self._deep(field, rows, values)

    def _merge(self, field: Field, rows: Rows, values: list[Any], *, told: bool, make: Make) -> None:
        is_map = np.array([type(value) is dict for value in values])
        if not is_map.all():
            others = [value for value in values if type(value) is not dict]
            self.set(field, rows[~is_map], tightened(others))
        rows, maps = rows[is_map], [value for value in values if type(value) is dict]
        if field.root != "body" and not field.keys:
            self.table(field.root).merge(rows, maps, told=told, make=make)
            return
        before = items(self.get(field, rows))
        merged = [{**old, **new} if type(old) is dict else new for old, new in zip(before, maps, strict=True)]
        if field.root == "body" and not field.keys:
            self.body = put(self.body, rows, merged)
        elif field.root != "body" and len(field.keys) == 1:
            self.table(field.root).set(field.keys[0], rows, merged)
        else:
            self._deep(field, rows, merged)

    def _deep(self, field: Field, rows: Rows, values: Column) -> None:
        """Into maps, which are made where there are none."""
        top = Field(field.root, field.keys[: 0 if field.root == "body" else 1])
        keys = field.keys[len(top.keys) :]
        column = list(items(self.get(top, rows)))
        for at, value in enumerate(items(values)):
            if type(column[at]) is not dict:
                column[at] = {}
            inner = column[at]
            for key in keys[:-1]:
                if type(inner.get(key)) is not dict:
                    inner[key] = {}
                inner = inner[key]
            if value is ABSENT:
                inner.pop(keys[-1], None)
            else:
                inner[keys[-1]] = value
        self._replace(top, rows, column)

    def _replace(self, top: Field, rows: Rows, column: Column) -> None:
        if top.root == "body":
            self.body = put(self.body, rows, column)
        else:
            self.table(top.root).set(top.keys[0], rows, column)

    def delete(self, field: Field, rows: Rows) -> None:
        """Make it absent."""
        if field.root != "body" and not field.keys:
            self.table(field.root).clear(rows)
        elif len(field.keys) <= (0 if field.root == "body" else 1):
            self._replace(field, rows, nothing(len(rows)))
        else:
            self._deep(field, rows, nothing(len(rows)))

    def put_field(self, name: str, rows: Rows, values: Column, default: Any) -> None:
        """A field of the record itself."""
        before = self.fields.get(name)
        whole = before if before is not None else default
        self.fields[name] = put(whole, rows, values)

    def repeat(self, rows: Rows) -> Rows:
        """The rows once more, as entries of their own; their positions."""
        self.body = repeated(self.body, rows)
        self.attributes.repeat(rows)
        self.resource.repeat(rows)
        self.fields = {name: repeated(column, rows) for name, column in self.fields.items()}
        self.origin = np.concatenate([self.origin, self.origin[rows]])
        self.copies = np.concatenate([self.copies, np.full(len(rows), self.copies.max() + 1)])
        begins, self.height = self.height, self.height + len(rows)
        return np.arange(begins, self.height)


def _inner(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if type(value) is not dict or key not in value:
            return ABSENT
        value = value[key]
    return value


def settable(field: Field) -> Field:
    """A field that any value can be put into. Raises `OperatorError`."""
    if field.root != "body" and not field.keys:
        raise OperatorError(f"{field.root} itself can't be set: name a key")
    return field
