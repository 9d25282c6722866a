"""Which records of a batch are a person's, as a mask.

The attributes of records, resources and scopes are compared as columns; maps, and bodies that are JSON, are opened once for each
distinct one that can hold the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.component import Erasure, Subject
from collector.component.erasing import text_of
from collector.documents import body_text

ESCAPES = r"\\[u/]"
"""What JSON may write otherwise than it reads, as many programs do: `Jos\\u00e9`, `a\\/b`. A value is not found there as it is."""
_LEVELS = (("attributes", ""), ("resource_attributes", "resource"), ("scope_attributes", "scope"))


def held_by(batch: LogBatch, erasure: Erasure) -> pl.Series:
    """True for each record that the erasure is about: of its domain, received in time, and of its subject. What components made of a
    person's records may have been made later than they were received: of such, time says nothing."""
    in_time = (batch.column("record_id") < erasure.before_record_id).fill_null(True)
    if erasure.subject is not None and batch.generation is not None:
        in_time |= batch.generation > 0
    meant = ((batch.column("domain") == erasure.domain) & in_time).fill_null(False)
    if erasure.subject is None or not meant.any():
        return meant
    return meant & _theirs(batch, erasure.subject)


def values_of(batch: LogBatch, attributes: tuple[str, ...]) -> set[str]:
    """All values under these names in a batch, as a person would write them: whoever is named by one of them."""
    from collector.documents.nested.values import any_python

    probe = Subject(attributes, "")
    found: set[str] = set()
    for table, _ in _LEVELS:
        rows: pl.DataFrame = getattr(batch, table)
        keys = rows.get_column("key")
        own = keys.is_in(list(attributes))
        for name in attributes:
            own |= keys.str.ends_with(f".{name}")
        for kind in ("string", "int", "double", "bool"):
            found |= {
                text for value in rows.filter(own).get_column(kind).drop_nulls().unique() if (text := text_of(value))
            }
        nested = rows.filter(rows.get_column("kind") == int(ValueKind.ANY)).select("key", "any").drop_nulls().unique()
        for key, data in nested.iter_rows():
            found.update(probe.values_in(any_python(data), key))
    for name in attributes:
        if name in batch.derived.columns:
            found.update(batch.attribute_text(name).drop_nulls().unique().to_list())
    for text in body_text(batch).drop_nulls().unique().to_list():
        if text.lstrip()[:1] in ("{", "["):
            names_in_json(text, lambda document: found.update(probe.values_in(document)))
    return found


def _theirs(batch: LogBatch, subject: Subject) -> pl.Series:
    found = pl.Series(np.zeros(len(batch), dtype=bool))
    for table, level in _LEVELS:
        rows: pl.DataFrame = getattr(batch, table)
        owners = rows.filter(_named(rows, subject)).get_column("owner")
        if len(owners):
            height = len(batch) if not level else getattr(batch, f"{level}s").height
            marks = np.zeros(height, dtype=bool)
            marks[owners.to_numpy()] = True
            held = pl.Series(marks)
            found |= held if not level else held.gather(batch.column(level)).fill_null(False)
    for name in subject.attributes:
        if name in batch.derived.columns:
            found |= (batch.attribute_text(name) == subject.value).fill_null(False)
    if subject.in_texts:
        for column in batch.derived.iter_columns():
            if column.dtype == pl.String:
                found |= _reads(column, subject)
    return found | _in_bodies(batch, subject)


def _named(rows: pl.DataFrame, subject: Subject) -> pl.Series:
    """The rows of an attribute table that name the subject."""
    keys = rows.get_column("key")
    own = keys.is_in(list(subject.attributes))
    for name in subject.attributes:  # `enduser.id` below a longer name, as in a map
        own |= keys.str.ends_with(f".{name}")
    found = own & _equal(rows, subject.value)
    if subject.in_texts:
        found |= _reads(rows.get_column("string"), subject)
    nested = rows.get_column("kind") == int(ValueKind.ANY)
    if nested.any():
        distinct = rows.select("key", "any").filter(nested).unique()  # once: no two calls give them in the same order
        marks = [_names(key, data, subject) for key, data in distinct.iter_rows()]
        hit = distinct.filter(pl.Series(marks, dtype=pl.Boolean))
        if hit.height:
            matches = rows.select("key", "any").join(
                hit.with_columns(hit=True), on=["key", "any"], how="left", maintain_order="left"
            )
            found |= nested & matches.get_column("hit").fill_null(False)
    return found.fill_null(False)


def _equal(rows: pl.DataFrame, value: str) -> pl.Series:
    """Rows whose scalar is the value, however it was typed."""
    same = (rows.get_column("string") == value).fill_null(False)
    if re.fullmatch(r"-?\d{1,18}", value):
        same |= (rows.get_column("int") == int(value)).fill_null(False)
        same |= (rows.get_column("double") == float(value)).fill_null(False)
    elif value in ("true", "false"):
        same |= (rows.get_column("bool") == (value == "true")).fill_null(False)
    elif re.fullmatch(r"-?\d+\.\d+", value):
        same |= (rows.get_column("double") == float(value)).fill_null(False)
    return same


def _names(key: str, data: bytes | None, subject: Subject) -> bool:
    """Whether a map or an array does."""
    from collector.documents.nested.values import any_python

    if data is None:
        return False
    document = any_python(data)
    return subject.named_in(document, key) or (subject.in_texts and subject.read_in(orjson.dumps(document).decode()))


def _in_bodies(batch: LogBatch, subject: Subject) -> pl.Series:
    """Bodies that are maps, or text of JSON, and name the subject; with `in_texts` all that hold the value as a word."""
    text = body_text(batch)
    may = text.str.contains(subject.value, literal=True) | text.str.contains(_escaped(subject.value), literal=True)
    structured = batch.column("body_any").is_not_null() | text.str.contains(r"^\s*[\[{]")
    may |= structured & text.str.contains(ESCAPES)
    look = (may if subject.in_texts else may & structured).fill_null(False)
    if not look.any():
        return pl.Series(np.zeros(len(batch), dtype=bool))
    distinct = text.filter(look).unique().to_list()
    theirs = [each for each in distinct if _body(each, subject)]
    return look & text.is_in(theirs).fill_null(False)


def _body(text: str, subject: Subject) -> bool:
    if subject.in_texts and (subject.read_in(text) or names_in_json(text, lambda it: subject.read_in(plain_json(it)))):
        return True
    return names_in_json(text, subject.named_in)


def plain_json(document: object) -> str:
    """JSON without escapes that need not be, as `Subject.read_in` looks for values."""
    return orjson.dumps(document).decode()


def names_in_json(text: str, look: Callable[[object], bool | None]) -> bool:
    """Whether a text is a JSON document of which `look` says so."""
    try:
        return bool(look(orjson.loads(text)))
    except orjson.JSONDecodeError:
        return False


def _reads(column: pl.Series, subject: Subject) -> pl.Series:
    """Texts that hold the value as a word, looked at once each where they hold it at all."""
    may = column.str.contains(subject.value, literal=True).fill_null(False)
    if not may.any():
        return may
    theirs = [text for text in column.filter(may).unique().to_list() if subject.read_in(text)]
    return may & column.is_in(theirs).fill_null(False)


def _escaped(text: str) -> str:
    """As it stands within JSON."""
    return orjson.dumps(text)[1:-1].decode()
