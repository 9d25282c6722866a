"""What an archive holds: by listing names, which say domain, hour and levels; nobody keeps a list of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from collector.archive.names import ObjectName, date_folder, domain_folder, domain_of
from collector.archive.writing import ArchiveError, Footer, footer_of
from collector.object_storage import Target

_TAIL = 64 << 10
_ENDING = 8
"""Length of the footer and the magic number."""
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Listed:
    """An object that there is."""

    name: ObjectName
    size: int
    path: str
    modified: float


class Catalog:
    """Reads an archive's names and footers. Any thread; each method raises `TargetError` where the storage does."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def domains(self) -> Sequence[str]:
        """Those that have objects."""
        found = (domain_of(folder) for folder in self.target.folders(""))
        return sorted(domain for domain in found if domain is not None)

    def days(self, domain: str) -> Sequence[str]:
        """`2026-11-30` of each day that has objects, in order."""
        return [
            folder.partition("=")[2] for folder in self.target.folders(f"{domain_folder(domain)}/") if _is_date(folder)
        ]

    def all_of(self, domain: str, first_hour: int | None = None, last_hour: int | None = None) -> list[Listed]:
        """The objects with records of these hours (since 1970, both included; None: of all), in order; also those that others were made of."""
        found: list[Listed] = []
        for day in self._days(domain, first_hour, last_hour):
            for stored in self.target.list(f"{domain_folder(domain)}/date={day}/"):
                name = ObjectName.parse(stored.name)
                if name is None or not (first_hour or 0) <= name.place.hour <= (
                    last_hour if last_hour is not None else 1 << 40
                ):
                    continue
                found.append(Listed(name, stored.size, stored.name, stored.modified))
        return sorted(found, key=lambda each: (each.name.place.hour, each.path))

    def objects(self, domain: str, first_hour: int | None = None, last_hour: int | None = None) -> list[Listed]:
        """Those to read: without the ones of which another was made that is there, too."""
        return self.current(self.all_of(domain, first_hour, last_hour))

    def current(self, listed: Sequence[Listed]) -> list[Listed]:
        """Of objects of whole hours those to read. One that is damaged replaces nothing: whoever reads it is told."""
        there = {each.path: each for each in listed}
        company = Counter(each.name.place.hour for each in listed)
        claims: dict[str, set[str]] = {}
        for each in listed:
            if each.name.cut is None and company[each.name.place.hour] > 1:
                claims[each.path] = self._replaced(each) & there.keys() - {each.path}
        replaced = {
            other
            for path, others in claims.items()
            for other in others
            if path not in claims.get(other, ()) or _order(there[other]) < _order(there[path])
        }
        return [each for each in listed if each.path not in replaced]

    def _replaced(self, listed: Listed) -> set[str]:
        try:
            return set(self.footer(listed).replaces)
        except ArchiveError:
            return set()

    def footer(self, listed: Listed) -> Footer:
        """What an object says of itself: one or two reads of its end. Raises `ArchiveError`, `Missing`."""
        return footer_of(self.metadata(listed), listed.path)

    def metadata(self, listed: Listed) -> Any:
        """Its Parquet footer (`pyarrow.parquet.FileMetaData`)."""
        path, size = listed.path, listed.size
        tail = self.target.part(path, max(0, size - _TAIL), min(size, _TAIL))
        needed = int.from_bytes(tail[-_ENDING:-4], "little") + _ENDING
        if len(tail) < _ENDING or tail[-4:] != b"PAR1" or needed > size:
            raise ArchiveError(f"{path} is damaged: it has no end")
        if needed > len(tail):
            tail = self.target.part(path, size - needed, needed)
        try:
            return pq.read_metadata(pa.BufferReader(b"PAR1" + tail))
        except (pa.ArrowException, OSError) as error:
            raise ArchiveError(f"{path} is damaged: {error}") from None

    def _days(self, domain: str, first_hour: int | None, last_hour: int | None) -> Iterable[str]:
        if first_hour is not None and last_hour is not None and last_hour - first_hour < 7 * _DAY_HOURS:
            return _between(first_hour, last_hour)
        least = "" if first_hour is None else date_folder(first_hour).partition("=")[2]
        most = "9999" if last_hour is None else date_folder(last_hour).partition("=")[2]
        return [day for day in self.days(domain) if least <= day <= most]


def _between(first_hour: int, last_hour: int) -> Iterator[str]:
    for day in range(first_hour // _DAY_HOURS, last_hour // _DAY_HOURS + 1):
        yield date_folder(day * _DAY_HOURS).partition("=")[2]


def _order(listed: Listed) -> tuple[float, str]:
    """Of two that say that they replace each other the later is right: what is left of a joined object can be what it was made of."""
    return listed.modified, listed.path


def _is_date(folder: str) -> bool:
    try:
        date.fromisoformat(folder.removeprefix("date="))
    except ValueError:
        return False
    return folder.startswith("date=")
