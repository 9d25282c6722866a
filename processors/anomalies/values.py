"""Fields that have few values, such as a state or a code: a value that never was is told, and a reason to call when it stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from processors.anomalies.findings import Finding
from processors.anomalies.policy import LEARNING, Policy, Standing
from processors.anomalies.table import Mask, Rows

MOST_VALUES = 16
"""Values of a field; one with more is an id or a number, and nothing new in it is news."""
MOST_FIELDS = 20_000
_KNOWN_AFTER = 500
_WATCHED = 15
_STAYS, _MINUTES, _MANY = 5, 3, 20


@dataclass(slots=True)
class Field:
    """What is known of one: records with it, minute of the first, and its values with how often each came; None: too many."""

    began: int
    records: int = 0
    values: dict[str, int] | None = field(default_factory=dict)


@dataclass(slots=True)
class News:
    """A value that came lately: first minute, minutes in which it came, records, whether it was told."""

    first: int
    minutes: int = 0
    last: int = -1
    records: int = 0
    told: bool = False


class Values:
    """Those of a domain; a field belongs to a row of the series."""

    def __init__(self) -> None:
        self.fields: dict[tuple[int, str], Field] = {}
        self.news: dict[tuple[int, str, str], News] = {}

    def observe(self, row: int, name: str, value: str, records: int, minute: int) -> None:
        """So many records of a row say that value."""
        known = self.fields.get((row, name))
        if known is None:
            if len(self.fields) >= MOST_FIELDS:
                return
            known = self.fields[row, name] = Field(minute)
        if known.values is None:
            return
        known.records += records
        if value not in known.values:
            self._met(row, name, value, known, minute)
        if known.values is not None:
            known.values[value] = known.values.get(value, 0) + records
            self._count(self.news.get((row, name, value)), records, minute)

    def _met(self, row: int, name: str, value: str, known: Field, minute: int) -> None:
        assert known.values is not None
        if len(known.values) >= MOST_VALUES:
            known.values = None
            self.news = {key: each for key, each in self.news.items() if key[:2] != (row, name)}
        elif known.records >= _KNOWN_AFTER and minute - known.began >= LEARNING:
            self.news[row, name, value] = News(minute)

    @staticmethod
    def _count(news: News | None, records: int, minute: int) -> None:
        if news is not None:
            news.records += records
            news.minutes += minute != news.last
            news.last = minute

    def renumber(self, kept: Mask, new: Rows) -> None:
        """The rows of the series have other positions; what belongs to those that are gone is forgotten."""
        self.fields = {(int(new[row]), name): each for (row, name), each in self.fields.items() if kept[row]}
        self.news = {(int(new[row]), *rest): each for (row, *rest), each in self.news.items() if kept[row]}  # type: ignore[misc]

    def judge(self, policy: Policy, standing: Callable[[int], Standing], minute: int) -> Iterator[Finding]:
        """Values that are told now: each when it comes, and once more when it is a reason to call."""
        for key, news in list(self.news.items()):
            row, name, value = key
            told = standing(row)
            stays = news.records >= _STAYS and news.minutes >= _MINUTES
            calm = policy.deployed(told.subject, news.first) and news.records < _MANY
            page = stays and policy.calls(told.subject) and not calm
            if page or minute - news.first >= _WATCHED:
                del self.news[key]
            if page or not news.told:
                news.told = True
                subject = told.subject._replace(name=f"{name}={value}")
                more = (("logboom.anomaly.field", name), ("logboom.anomaly.value", value))
                yield Finding(
                    "new_value", subject, page, 0.0, news.records, minute - news.first + 1, news.first, 0.9, more=more
                )
