"""The issues of a domain in one step: what comes is added to them, what changes is told, and each is due when time will change it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from collector.component import Due, Work
from processors.issues import anomalies, history, lifecycle, reasons
from processors.issues.config import IssuesConfig, OwnerRule
from processors.issues.forecast import rate_limit
from processors.issues.grouping.fingerprint import Grouping
from processors.issues.issue import MOST_VARIANTS, Issue, Variant
from processors.issues.lifecycle import DAY, About, Change, Seen
from processors.issues.shelf import Shelf
from processors.issues.telling import News
from processors.issues.traffic import HOUR, hourly_rate

OVERFLOW = "0" * 16
"""The issue of all that is new while a domain has too many."""
_log = logging.getLogger(__name__)
_TITLE = "Errors beyond the number of issues that are remembered of a domain"
_BETWEEN_CHANGES = 60 * 10**9
_BETWEEN_EVICTIONS = 10 * 60 * 10**9
_RATED_AFTER = HOUR
_MILLISECOND = 1_000_000
_PARTS, _PART_CHARACTERS = 12, 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of one issue in a step. `variants`: grouping id, grouping, events. `about`: what the first of it says, asked for a new issue."""

    target: str
    variants: Sequence[tuple[str, Grouping, int]]
    seen: Seen
    about: Callable[[], About]
    anomaly: anomalies.Told | None = None
    overflow: bool = False


class Keeping:
    """Makes `Kept` for each domain of a step."""

    def __init__(self, config: IssuesConfig) -> None:
        self._config = config

    def of(self, domain: str, work: Work) -> Kept:
        """The issues of a domain."""
        return Kept(domain, work, self._config)


class Kept:
    """See `Keeping`."""

    def __init__(self, domain: str, work: Work, config: IssuesConfig) -> None:
        self._domain = domain
        self._work = work
        self._config = config
        self.shelf = Shelf(work.state(domain))
        self._loaded: dict[str, Issue] = {}
        self._rate: float | None = None
        self._has_room: bool | None = None

    def targets(self, groupings: Sequence[str], clock: int) -> dict[str, str]:
        """Grouping → the issue that its records belong to."""
        found = dict(self.shelf.targets(groupings))
        self._loaded |= self.shelf.load([each for each in found.values() if each not in self._loaded])
        new = [each for each in dict.fromkeys(found.values()) if each not in self._loaded]
        if new and not self._room(clock):
            found = {key: OVERFLOW if value in new else value for key, value in found.items()}
            self._loaded |= self.shelf.load([OVERFLOW])
        return found

    def is_open(self, grouping: str) -> bool:
        """Whether there is an issue of a grouping that somebody should look at."""
        target = self.shelf.targets([grouping])[grouping]
        issue = self._loaded.get(target) or self.shelf.load([target]).get(target)
        return issue is not None and issue.state.is_open

    def _room(self, clock: int) -> bool:
        """Whether there is room for new issues in this step: looked at once."""
        if self._has_room is None:
            room = self.shelf.make_room(self._config.max_issues, clock, _BETWEEN_EVICTIONS)
            self._has_room = room.there
            if room.forgotten:
                said = (
                    "%d issues of %s were forgotten to make room for new ones (max_issues, service.ledger.state_bytes)"
                )
                _log.warning(said, room.forgotten, self._domain)
                self._loaded = self.shelf.load(self._loaded)
        return self._has_room

    def arrive(self, arrival: Arrival, parent: int) -> News | None:
        """Add it to its issue, a new one perhaps; what is to be told at once."""
        issue = self._loaded.get(arrival.target)
        if issue is None:
            issue = self._new(arrival)
            change: Change | None = lifecycle.born(issue, arrival.seen)
            self._loaded[issue.id] = issue
            self.shelf.add(issue)
            self._begin(arrival.seen.clock)
        else:
            change = lifecycle.seen_again(issue, arrival.seen, self._limit())
        _variants(issue, arrival.variants)
        if arrival.anomaly is not None:
            anomalies.describe(issue, arrival.anomaly)
        if change is not None or arrival.seen.clock - issue.told_at >= _BETWEEN_CHANGES:
            reasons.explain(issue, arrival.about().text, self._work.state(self._domain))
        return self._told(issue, change, arrival.seen.newest or arrival.seen.last, arrival.seen.clock, parent)

    def _new(self, arrival: Arrival) -> Issue:
        grouping, about = arrival.variants[0][1], arrival.about()
        title = (
            _TITLE if arrival.overflow else grouping.title or _first_line(about.text) or grouping.type or "(no text)"
        )
        issue = Issue(
            arrival.target, title, type="" if arrival.overflow else grouping.type, component=about.component,
            service=about.service, environment=about.environment, rule=about.rule, first_seen=arrival.seen.first,
        )  # fmt: skip
        issue.owner = next((rule.owner for rule in self._config.owners if _owned(rule, issue)), "")
        return issue

    def _told(self, issue: Issue, change: Change | None, at: int, clock: int, parent: int | None) -> News | None:
        """At once what is more than a count; counts at most once a minute."""
        if change is None and clock - issue.told_at < _BETWEEN_CHANGES:
            issue.untold = True
            self._save(issue)
            return None
        news = News(issue, change or Change("changed"), at, parent, counted=change is None)
        return self.say(news, clock)

    def say(self, news: News, clock: int) -> News:
        """Number it, and keep the issue as it is told. One that was merged into another is kept no more."""
        issue = news.issue
        issue.version = max(issue.version + 1, clock // _MILLISECOND)
        issue.told_at, issue.untold = clock, False
        if not news.merged_into:
            self._save(issue)
        history.note(news, self.shelf.state)
        return news

    def _save(self, issue: Issue) -> None:
        due = min([*lifecycle.dues(issue), *([issue.told_at + _BETWEEN_CHANGES] if issue.untold else [])], default=0)
        if due != issue.wake_at:
            issue.wake_at = due
            self._work.wake(self._domain, f"issue/{issue.id}", due or None)
        self.shelf.save(issue)

    def due(self, due: Due) -> list[News]:
        """What time brings for an issue. One that is gone is due no more."""
        id_ = due.name.removeprefix("issue/")
        issue = self.shelf.load([id_]).get(id_)
        if issue is None:
            return []
        issue.wake_at = 0
        change = lifecycle.at_time(issue, due.at_unix_nano)
        if change is None and not (issue.untold and due.at_unix_nano >= issue.told_at + _BETWEEN_CHANGES):
            self._save(issue)
            return []
        news = News(issue, change or Change("changed"), due.at_unix_nano, counted=change is None)
        return [self.say(news, due.at_unix_nano)]

    def _limit(self) -> float:
        if self._rate is None:
            self._rate = self.shelf.rate
        return self._rate

    def _begin(self, clock: int) -> None:
        """The first issue of a domain: its day begins."""
        if self.shelf.number == 1:
            self._work.wake(self._domain, "daily", (clock // DAY + 1) * DAY)

    def daily(self, now: int) -> None:
        """How often nearly all issues happen, for those that are new."""
        rates, any_left = [], False
        for issue in self.shelf.all():
            any_left = True
            if issue.events > 1 and now - issue.first_seen > _RATED_AFTER:
                rates.append(hourly_rate(issue, now))
        self.shelf.rate = rate_limit(rates)
        self.shelf.recount()
        self._room(now)
        if any_left:
            self._work.wake(self._domain, "daily", (now // DAY + 1) * DAY)


def _variants(issue: Issue, came: Sequence[tuple[str, Grouping, int]]) -> None:
    for key, grouping, events in came:
        if key not in issue.variants:
            if len(issue.variants) >= MOST_VARIANTS:
                continue
            parts = [part[:_PART_CHARACTERS] for part in grouping.parts[:_PARTS]]
            issue.variants[key] = Variant(grouping.variant, parts, grouping.title or issue.title, list(grouping.frames))
        issue.variants[key].events += events


def _first_line(text: str) -> str:
    return next((line.strip()[:200] for line in text.splitlines() if line.strip()), "")


def _owned(rule: OwnerRule, issue: Issue) -> bool:
    return all(
        fnmatchcase(getattr(issue, name), getattr(rule, name))
        for name in ("component", "service", "environment", "type", "title")
    )
