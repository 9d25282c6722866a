"""Attributes as fields of the schema, each only where its value is of the field's kind.

Elasticsearch refuses a whole document for one value that does not fit its field, so a value that does not (a port that is
a word, an address that is a name) becomes a label, where every text is welcome.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.columns.distinct import few_rows
from collector.documents.ecs.schema import FIELDS, LISTED, Kind, label_of, name_of
from collector.documents.json_text import escaped
from collector.documents.nested import Columns, Fields, Text

Mask = npt.NDArray[np.bool_]

_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$"
_INTEGER = r"^(?:0|-?[1-9]\d{0,17})$"
_NUMBER = r"^-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?$"
_DATE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$"


def typed(found: Fields) -> Fields:
    """Fields that have the attributes' own keys, under the schema's names."""
    names = [name_of(key) for key in found.keys]
    fits = _fitting(found, names)
    codes = np.where(fits, found.codes, found.codes + np.uint32(len(names))).astype(np.uint32)
    keys = [*names, *map(label_of, found.keys)]
    text = np.array([FIELDS.get(key, Kind.TEXT) is Kind.TEXT for key in keys], dtype=np.bool_)[codes]
    values, quotes = _as_text(found.values, found.quotes, text)
    bare = np.array([FIELDS.get(key) in (Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN) for key in keys], dtype=np.bool_)[
        codes
    ]
    return replace(found, keys=keys, codes=codes, values=values, quotes=quotes & ~bare)


def typed_derived(batch: LogBatch) -> Columns:
    """The same for the attributes that logboom computed."""
    rows, place = few_rows(batch.derived)
    columns = [one for column in rows.iter_columns() for one in _typed_column(column)]
    return Columns([(key, text) for key, text in columns if text.texts.null_count() < len(text.texts)], place)


def addresses(texts: pl.Series) -> pl.Series:
    """Which texts are IP addresses; null is none."""
    v4 = texts.str.contains(_IPV4).fill_null(False)
    v6 = (texts.str.contains(":", literal=True) & ~v4).fill_null(False)
    if not v6.any():
        return v4
    valid = [text for text in texts.filter(v6).unique() if _is_address(text)]
    return v4 | texts.is_in(pl.Series(valid, dtype=pl.String).implode()).fill_null(False)


def _typed_column(column: pl.Series) -> Sequence[tuple[str, Text]]:
    name, text = name_of(column.name), Text.of(column)
    kind = FIELDS.get(name, Kind.TEXT)
    fits = _fits(name, kind, text.texts, np.full(len(column), text.quotes))
    own = Text(text.texts.set(~fits, None), kind in (Kind.TEXT, Kind.ADDRESS, Kind.DATE))
    return [(name, own), (label_of(column.name), Text(text.texts.set(fits, None), quotes=True))]


def _fitting(found: Fields, names: Sequence[str]) -> Mask:
    """Which fields hold what their name promises."""
    fits = np.ones(len(found.codes), dtype=np.bool_)
    for code, name in enumerate(names):
        kind = FIELDS.get(name, Kind.TEXT)
        if kind is Kind.TEXT and name not in LISTED:
            continue
        rows = np.flatnonzero(found.codes == code)
        fits[rows] = _fits(name, kind, found.values.gather(rows), found.quotes[rows]).to_numpy()
    return fits


def _fits(name: str, kind: Kind, texts: pl.Series, quotes: Mask) -> pl.Series:
    match kind:
        case Kind.TEXT:
            return texts.is_in(list(LISTED[name])).fill_null(False) if name in LISTED else texts.is_not_null()
        case Kind.INTEGER:
            return texts.str.contains(_INTEGER).fill_null(False)
        case Kind.NUMBER:
            return texts.str.contains(_NUMBER).fill_null(False)
        case Kind.BOOLEAN:
            return texts.is_in(["true", "false"]).fill_null(False)
        case Kind.ADDRESS:
            return addresses(texts) & pl.Series(quotes) | _address_lists(texts)
        case Kind.DATE:
            return _dates(texts) & pl.Series(quotes)


def _dates(texts: pl.Series) -> pl.Series:
    likely = texts.filter(texts.str.contains(_DATE).fill_null(False)).unique()
    return texts.is_in(pl.Series([text for text in likely if _is_date(text)], dtype=pl.String).implode()).fill_null(
        False
    )


def _address_lists(texts: pl.Series) -> pl.Series:
    likely = texts.filter(texts.str.starts_with("[").fill_null(False)).unique()
    valid = [text for text in likely if _all_addresses(text)]
    return texts.is_in(pl.Series(valid, dtype=pl.String).implode()).fill_null(False)


def _as_text(values: pl.Series, quotes: Mask, text: Mask) -> tuple[pl.Series, Mask]:
    """Numbers and truths in quotes where a text stands. Lists of scalars stay lists; other lists are their JSON."""
    bare = np.flatnonzero(text & ~quotes)
    if not len(bare):
        return values, quotes
    lists = values.gather(bare).str.starts_with("[")
    quotes = quotes.copy()
    quotes[bare] = ~lists.to_numpy()
    if lists.any():
        at = bare[lists.to_numpy()]
        objects = at[values.gather(at).str.contains(r"[{\[].*[{\[]").to_numpy()]
        values = values.scatter(objects, escaped(values.gather(objects)))
        quotes[objects] = True
    return values, quotes


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _all_addresses(json: str) -> bool:
    return all(isinstance(item, str) and _is_address(item) for item in orjson.loads(json))


def _is_date(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False
