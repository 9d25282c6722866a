"""An archive, read: which objects hold what is asked for, and their records, each once.

archive = open_archive("s3://logs/archive", {"region": "eu-1"})
for listed in archive.objects("shop.example", first, last): …       names and sizes, by listing alone
archive.scan("shop.example", first, last).filter(…).collect()        polars, lazily: columns and row groups that are needed
for table in archive.tables("shop.example", first, last): …          Arrow, in pieces of bounded size, checked
archive.verify(listed)                                               whether it is what was written
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from collector.archive.catalog import Catalog, Listed
from collector.archive.names import HOUR_NS
from collector.archive.records import batch_of
from collector.archive.rewriting import tables
from collector.archive.schema import SCHEMA, TIME
from collector.archive.sealing import Opening
from collector.archive.writing import ArchiveError, Digest, Footer
from collector.batch import LogBatch
from collector.encryption import Keys
from collector.object_storage import open_target


@dataclass(frozen=True, slots=True)
class Archive:
    """One place with archived records. Times are nanoseconds since 1970; `last` is not included. Each method raises `TargetError` where the
    storage does. `opening` opens sealed columns, where keys are given."""

    url: str
    catalog: Catalog
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    opening: Opening = field(default_factory=Opening, repr=False)

    def domains(self) -> Sequence[str]:
        """Those that have objects."""
        return self.catalog.domains()

    def days(self, domain: str) -> Sequence[int]:
        """Those with objects, since 1970, in order."""
        return [(date.fromisoformat(day) - _EPOCH).days for day in self.catalog.days(domain)]

    def objects(self, domain: str, first: int, last: int) -> list[Listed]:
        """The objects that may have records of that time, in the order of their hours."""
        return self.catalog.objects(domain, first // HOUR_NS, (last - 1) // HOUR_NS)

    def scan(self, domain: str, first: int, last: int, *, once: bool = True) -> pl.LazyFrame:
        """The records of that time, columns of `schema`, lazily: only what a query needs is read. Sealed columns stay sealed. `once`: of a record that was written twice,
        which a death between an upload and its acknowledgement can do where the configuration changed meanwhile, one."""
        places = [self._place(listed) for listed in self.objects(domain, first, last)]
        if not places:
            return pl.LazyFrame(pl.from_arrow(SCHEMA.empty_table().select(_FLAT)))
        found = pl.scan_parquet(places, storage_options=self._storage_options(), hive_partitioning=False)
        nanos = pl.col("time").cast(pl.Int64)
        found = found.filter(nanos.is_between(first, last - 1))
        return found.unique("record_id", keep="any") if once else found

    def tables(self, domain: str, first: int, last: int, *, once: bool = True) -> Iterator[pa.Table]:
        """The records of that time in pieces of a row group each; `once` as in `scan`. Raises `ArchiveError`: an object is damaged."""
        seen = pl.Series("record_id", [], dtype=pl.String)
        for listed in self.objects(domain, first, last):
            for table in tables(self.catalog, listed):
                table = self.opening.opened(within(table, first, last))
                if not once:
                    yield table
                    continue
                ids = pl.Series("record_id", table.column("record_id"))
                new = ~ids.is_in(seen.implode())
                seen = pl.concat([seen, ids])
                if new.any():
                    yield table if new.all() else table.filter(new.to_arrow())

    def opened(self, table: pa.Table) -> LogBatch:
        """The records of a table, with what is sealed opened as far as keys are here."""
        return batch_of(self.opening.opened(table))

    def verify(self, listed: Listed) -> Footer:
        """What an object says of itself, when it is true: its pages have their checksums, it has as many records, with the ids that its name
        and its footer say, of the domain and hour of its name. Raises `ArchiveError`."""
        footer = self.catalog.footer(listed)
        digest, place = Digest(), listed.name.place
        for table in tables(self.catalog, listed):
            digest.add(table.column("record_id"))
            hours = pc.unique(pc.divide(table.column("time").cast(pa.int64()), HOUR_NS)).to_pylist()
            domains = pc.unique(table.column("domain")).to_pylist()
            if hours != [place.hour] or domains != [place.domain]:
                raise ArchiveError(f"{listed.path} has records of other hours or domains than its name says")
        if not digest.hexdigest() == footer.digest == listed.name.digest:
            raise ArchiveError(f"{listed.path} is damaged: its records are not those that were written")
        return footer

    def _place(self, listed: Listed) -> str:
        parts = urlsplit(self.url)
        if parts.scheme in ("", "file"):
            return str(Path(unquote(parts.path) if parts.scheme else self.url).expanduser().absolute() / listed.path)
        return f"{self.url.rstrip('/')}/{listed.path}"

    def _storage_options(self) -> dict[str, str] | None:
        return dict(self.options) or None


_EPOCH = date(1970, 1, 1)
_FLAT = [name for name in SCHEMA.names if not pa.types.is_map(SCHEMA.field(name).type)]


def open_archive(url: str, options: Mapping[str, str] | None = None, keys: Keys | None = None) -> Archive:
    """The archive at a URL, or in a folder; `keys` open what is sealed. Raises `TargetError`: wrong options, or the extra is missing."""
    return Archive(url, Catalog(open_target(url, options)), options or {}, Opening(keys))


def within(table: pa.Table, first: int, last: int) -> pa.Table:
    """The records of that time; the end is no part of it."""
    time = table.column("time")
    least, end = (pa.scalar(nanos, pa.int64()).cast(TIME) for nanos in (first, last))
    return table.filter(pc.and_(pc.greater_equal(time, least), pc.less(time, end)))
