"""Attribute tables: strings, numbers, bytes, maps, and the names themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.dictionary import encode
from collector.columns.tables import ValueKind
from collector.privacy.classes.columns import Hits
from collector.privacy.classes.named_secrets import stands_for_secret
from collector.shaping.redaction import as_text
from processors.redact.fates import SECRET, Fate, Fates
from processors.redact.finding import Finding, rows_of
from processors.redact.nested import Nested

Mask = npt.NDArray[np.bool_]
_LEAST_NUMBER = 10**12
_OTHERS = ("bool", "int", "double", "bytes", "any")
Domains = Callable[[], Sequence[str]]
"""For each owner whose it is; asked where that matters."""
Texts = dict[int, str | None]
"""Row → what its value is now, a text; None: the attribute goes."""


class AttributeTables:
    """Hides what is in the attributes of records, resources and scopes."""

    def __init__(self, finding: Finding, fates: Fates, nested: Nested) -> None:
        self._finding, self._fates, self._nested = finding, fates, nested

    def apply(self, table: pl.DataFrame, domain_of: Domains) -> pl.DataFrame:
        """The table without what is hidden; the same one where nothing is."""
        if not table.height:
            return table
        keys = encode(table.get_column("key"))
        names: list[str] = keys.values.to_pylist()
        new = _Table(table, keys.codes, names, domain_of)
        fates = [self._fates.of(name) for name in names]
        read = np.array([*(fate is Fate.READ for fate in fates), False], dtype=np.bool_)
        self._take(new, self._finding.hits(table.get_column("string")), read)
        for code, name in enumerate(names):
            if fates[code] in (Fate.NAMED, Fate.SECRET):
                self._named(new, code, name)
            elif fates[code] is Fate.READ and self._finding.tells(name):
                self._telling(new, code, name)
        self._numbers(new, read)
        self._bytes(new, read)
        return self._renamed(self._within(new.done(), new), new)

    def _take(self, new: _Table, found: Hits, read: Mask) -> None:
        """Hide what was found, but under names that are not read."""
        rows = rows_of(found)
        kept = [place for place, row in enumerate(rows) if read[new.codes[row]]]
        if not kept:
            return
        finds = [found.finds[place] for place in kept]
        own = Hits(found.rows[kept], [found.texts[place] for place in kept], finds)
        domains, keys = (
            [new.domain(rows[place]) for place in kept],
            [new.names[new.codes[rows[place]]] for place in kept],
        )
        texts = self._finding.hidden(own, domains, keys)
        for place, text, each in zip(kept, texts, finds, strict=True):
            new.texts[rows[place]] = None if self._finding.drops(each) else text

    def _named(self, new: _Table, code: int, name: str) -> None:
        """All values of a name, whatever their kind, each distinct one once."""
        rows = np.flatnonzero(new.codes == code)
        table = new.table[rows]
        kinds = [as_text(column).alias(column.name) for column in table.select("string", *_OTHERS).get_columns()]
        texts = pl.DataFrame(kinds).select(pl.coalesce(pl.all()).fill_null("")).to_series().to_list()
        cls = self._fates.class_of(name)
        done: dict[tuple[str, str], str | None] = {}
        empty = table.get_column("kind").is_in([int(ValueKind.EMPTY), int(ValueKind.BOOL)]).to_list()
        for row, text, nothing in zip(rows.tolist(), texts, empty, strict=True):
            if cls == SECRET and (nothing or not text or stands_for_secret(text)):
                continue
            place = (text, new.domain(row))
            if place not in done:
                done[place] = self._finding.of_named(cls, text, place[1], name)
            if done[place] != text:
                new.texts[row] = done[place]

    def _telling(self, new: _Table, code: int, name: str) -> None:
        """Values of a name that says what a number is."""
        rows = pl.Series(np.flatnonzero(new.codes == code).astype(np.uint32))
        for column in ("string", "int"):
            values = new.table.get_column(column).gather(rows).cast(pl.String)
            if values.null_count() == len(values):
                continue
            found = self._finding.hits_under(name, values)
            self._take(new, found._replace(rows=rows.to_numpy()[found.rows]), np.ones(len(new.names), dtype=np.bool_))

    def _numbers(self, new: _Table, read: Mask) -> None:
        """Numbers with as many digits as a card has."""
        for column in ("int", "double"):
            values = new.table.get_column(column)
            if values.null_count() == len(values) or not _may_be_long(values):
                continue
            rows = (values.abs() >= _LEAST_NUMBER).fill_null(False).arg_true()
            digits = values.gather(rows).cast(pl.Int64, strict=False).cast(pl.String)
            found = self._finding.hits(digits)
            self._take(new, found._replace(rows=rows.to_numpy()[found.rows]), read)

    def _bytes(self, new: _Table, read: Mask) -> None:
        """Bytes that are text."""
        values = new.table.get_column("bytes")
        if values.null_count() == len(values):
            return
        rows = values.is_not_null().arg_true()
        texts = pl.Series([_decoded(each) for each in values.gather(rows).to_list()], dtype=pl.String)
        found = self._finding.hits(texts)
        self._take(new, found._replace(rows=rows.to_numpy()[found.rows]), read)

    def _within(self, table: pl.DataFrame, new: _Table) -> pl.DataFrame:
        """Maps and arrays; of those under a name that is an id nothing but their own names is looked at."""
        values = table.get_column("any")
        rows = values.is_not_null().arg_true()
        if not len(rows):
            return table
        some = table.select("owner", "key")[rows.to_numpy()]
        domains = [new.domain_of_owner(owner) for owner in some.get_column("owner").to_list()]
        before = values.gather(rows)
        after = self._nested.apply(before, some.get_column("key").to_list(), domains)
        return table if after is before else table.with_columns(values.clone().scatter(rows, after))

    def _renamed(self, table: pl.DataFrame, new: _Table) -> pl.DataFrame:
        """Names without what is in them."""
        renamed = {name: self._finding.of_name(name, "") for name in new.names}
        changed = {name: after for name, after in renamed.items() if after != name}
        return table.with_columns(pl.col("key").replace(changed)) if changed else table


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _may_be_long(values: pl.Series) -> bool:
    most, least = values.max(), values.min()
    return any(isinstance(each, int | float) and abs(each) >= _LEAST_NUMBER for each in (most, least))


class _Table:
    """A table and what its values become."""

    def __init__(self, table: pl.DataFrame, codes: np.ndarray, names: list[str], domain_of: Domains) -> None:
        self.table, self.codes, self.names = table, codes, names
        self.texts: Texts = {}
        self._domain_of = domain_of
        self._owners: pl.Series | None = None

    def domain(self, row: int) -> str:
        """Whose an attribute is; empty where that does not matter."""
        return self.domain_of_owner(self.table.get_column("owner")[row])

    def domain_of_owner(self, owner: int) -> str:
        domains = self._domain_of()
        return domains[owner] if domains else ""

    def done(self) -> pl.DataFrame:
        """The table with the new texts, without what goes."""
        if not self.texts:
            return self.table
        gone = [row for row, text in self.texts.items() if text is None]
        rows = pl.Series([row for row, text in self.texts.items() if text is not None], dtype=pl.UInt32)
        texts = pl.Series([text for text in self.texts.values() if text is not None], dtype=pl.String)
        table = self.table.with_columns(
            self.table.get_column("string").clone().scatter(rows, texts),
            self.table.get_column("kind").clone().scatter(rows, int(ValueKind.STRING)),
            *(self._without(name, rows) for name in _OTHERS),
        )
        if not gone:
            return table
        kept = np.ones(table.height, dtype=np.bool_)
        kept[gone] = False
        return table.filter(pl.Series(kept))

    def _without(self, name: str, rows: pl.Series) -> pl.Series:
        column = self.table.get_column(name)
        return column if column.null_count() == len(column) else column.clone().scatter(rows, None)
