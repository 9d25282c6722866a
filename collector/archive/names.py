"""What objects of an archive are called.

    domain=shop.example/date=2026-11-30/hour=14/<data>-p<partition>-<first>-<last>[-<levels>]-<digest>.parquet     a cut of an outbox
    domain=shop.example/date=2026-11-30/hour=14/<data>-c[-<levels>]-<digest>.parquet                               made of others

The digest is of the ids of the records within: the same records have the same name, so a second upload of them is refused by the storage, and
other records never have it, whatever happened to numbers (a data directory that was restored from a backup counts again from there).
`levels`: the first letters of those that may be within (`cw`); left out: all. What is made of others says within which (`replaces`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from collector.levels import LEVELS

HOUR_NS = 3_600_000_000_000
_NAME = re.compile(
    r"domain=(?P<domain>[^/]*)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)/(?P<data>[0-9a-z]+)"
    r"-(?:p(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)|c)(?:-(?P<levels>[a-z]+))?-(?P<digest>[0-9a-f]{16})\.parquet"
)
_SAFE = "._-"
_NO_DOMAIN = "%00"


@dataclass(frozen=True, slots=True)
class Cut:
    """A run of outbox entries of one partition: the first and the last of them."""

    partition: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Place:
    """What the records of an object share.

    Args:
        hour: since 1970, by the records' own time, UTC.
        levels: that may be within, in the order of `LEVELS`; all: the usual.
    """

    domain: str
    hour: int
    levels: tuple[str, ...] = LEVELS

    @property
    def folder(self) -> str:
        """`domain=…/date=…/hour=…/`."""
        began = datetime.fromtimestamp(self.hour * 3600, UTC)
        return f"{domain_folder(self.domain)}/date={began:%Y-%m-%d}/hour={began:%H}/"

    @property
    def ended(self) -> float:
        """Seconds since 1970: no record within is of that time or later."""
        return (self.hour + 1) * 3600.0


@dataclass(frozen=True, slots=True)
class ObjectName:
    """One object. `cut` None: it was made of others."""

    place: Place
    data: str
    cut: Cut | None
    digest: str

    def __str__(self) -> str:
        origin = "c" if self.cut is None else f"p{self.cut.partition}-{self.cut.first}-{self.cut.last}"
        letters = "".join(level[0] for level in self.place.levels)
        levels = "" if self.place.levels == LEVELS else f"-{letters}"
        return f"{self.place.folder}{self.data}-{origin}{levels}-{self.digest}.parquet"

    @classmethod
    def parse(cls, name: str) -> ObjectName | None:
        """None: it is none of an archive's."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        hour = datetime.fromisoformat(found["date"]).replace(tzinfo=UTC) + timedelta(hours=int(found["hour"]))
        levels = tuple(level for level in LEVELS if found["levels"] is None or level[0] in found["levels"])
        cut = Cut(int(found["partition"]), int(found["first"]), int(found["last"])) if found["partition"] else None
        place = Place(_domain(found["domain"]), int(hour.timestamp()) // 3600, levels)
        return cls(place, found["data"], cut, found["digest"])


def domain_folder(domain: str) -> str:
    """`domain=…`; records without one have a name that no domain can have."""
    return f"domain={quote(domain, safe=_SAFE) or _NO_DOMAIN}"


def domain_of(folder: str) -> str | None:
    """The domain of such a folder; None: it is none."""
    kind, _, name = folder.partition("=")
    return _domain(name) if kind == "domain" else None


def _domain(name: str) -> str:
    return "" if name == _NO_DOMAIN else unquote(name)


def date_folder(hour: int) -> str:
    """`date=…` of an hour since 1970."""
    return f"date={datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%d}"
