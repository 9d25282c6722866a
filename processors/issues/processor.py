"""The behaviour of `issues`: each error gets its issue, and what changes for an issue is told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import of_answers
from collector.component import Applied, Command, Context, Due, Erasure, Refused, Work
from collector.component.forgetting import forget_in, in_json
from collector.control.command import DEPLOYMENT
from collector.control.deployment import Deployment
from collector.control.deployments import Deployments
from collector.explanation import Explanation
from processors.issues import anomalies, commands, history, reasons
from processors.issues.column import Column
from processors.issues.config import IssuesConfig
from processors.issues.groups import Grouper, Groups
from processors.issues.judging import Judging
from processors.issues.keeping import OVERFLOW, Arrival, Keeping
from processors.issues.lifecycle import About, Seen
from processors.issues.material import RULE, Columns, material
from processors.issues.shelf import Shelf
from processors.issues.tally import Part, Tally, by_target, parts
from processors.issues.telling import News, emit

ID = "logboom.issue.id"
_SMALL = 256
"""Records so few that a list of their issues costs less than a column made of codes."""
_OURS = ("format", "id", "state", "level", "priority", "initial", "category", "archived", "resolved", "users", "more")
"""Members of a kept issue that hold no text of a record."""
_AGAIN = 200
"""Issues told again at once."""


class Issues:
    """Sets `logboom.issue.id` on the records that belong to an issue; none is dropped or reordered."""

    takes_events = (anomalies.KINDS,)

    def __init__(self, config: IssuesConfig, context: Context) -> None:
        self._context = context
        self._config = config
        self._levels = frozenset(config.triage_levels)
        self._judging = Judging(config)
        self._grouper = Grouper(self._judging.group, self._judging.tags, reads_all=self._judging.reads_all)
        self._keeping = Keeping(config)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with the issues of its errors."""
        reasons.look(batch, work)
        chosen, told = material(batch, self._levels), anomalies.positions(batch)
        if chosen is None and not told:
            return batch
        found = _Found(len(batch))
        news = (
            []
            if chosen is None
            else self._errors(Columns(batch, chosen.rows, self._judging.tags), chosen.levels, found, work)
        )
        news += self._anomalies(batch, told, found, work) if told else []
        emit(news, work)
        return batch.with_attributes({ID: found.column()})

    def _errors(self, columns: Columns, levels: Column, found: _Found, work: Work) -> list[News]:
        groups = self._grouper.groups(columns)
        split = parts(columns, groups.codes, len(groups.groupings))
        tally, news = Tally(columns, levels), list[News]()
        for domain in dict.fromkeys(part.domain for part in split):
            own = [part for part in split if part.domain == domain]
            kept = self._keeping.of(domain, work)
            kept.shelf.count(tally.levels(np.concatenate([part.rows for part in own])))
            names = [groups.groupings[part.grouping].issue_id for part in own]
            targets = kept.targets(names, int(columns.received.max()))
            for (_, target), several in by_target(own, [targets[name] for name in names]):
                rows = (
                    several[0].rows if len(several) == 1 else np.sort(np.concatenate([part.rows for part in several]))
                )
                arrival = _arrival(target, several, groups, columns, tally.seen(rows))
                told = kept.arrive(arrival, int(columns.rows[rows[0]]))
                found.put(columns.rows[rows], target)
                news += [told] if told is not None else []
        return news

    def _anomalies(self, batch: LogBatch, rows: Sequence[int], found: _Found, work: Work) -> list[News]:
        news = []
        for one in anomalies.told(batch, list(rows)):
            kept = self._keeping.of(one.domain, work)
            name = one.grouping.issue_id
            if not one.opens and not kept.is_open(name):
                continue
            target = kept.targets([name], one.seen.clock)[name]
            kept.shelf.count({one.seen.level: one.seen.events})
            arrival = Arrival(target, [(name, one.grouping, 1)], one.seen, one.about, anomaly=one)
            told = kept.arrive(arrival, one.row)
            found.put(np.array([one.row]), target)
            news += [told] if told is not None else []
        return news

    def tick(self, due: Due, work: Work) -> None:
        """What time changes: an issue (`issue/<id>`), or once a day what is known of all of a domain (`daily`)."""
        kept = self._keeping.of(due.domain, work)
        if due.name == "daily":
            kept.daily(due.at_unix_nano)
        else:
            emit(kept.due(due), work, rule=due.name)

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """What people want done with an issue, or say that was deployed."""
        if command.name == DEPLOYMENT:
            return self._deployed(command, work)
        kept = self._keeping.of(command.domain, work)
        done = commands.carry_out(command, kept.shelf)
        if isinstance(done, Refused):
            return done
        news, issue = done
        emit([kept.say(each, command.received_unix_nano) for each in news], work)
        return commands.told(issue)

    @staticmethod
    def _deployed(command: Command, work: Work) -> Applied | Refused:
        """Told as everywhere, and remembered for the issues that come."""
        done = Deployments().command(command, work)
        if isinstance(done, Applied):
            said = Deployment.of_attributes(command.attributes, command.id)
            reasons.marked(said, said.time_unix_nano or command.received_unix_nano, work.state(command.domain))
        return done

    def republish(self, domain: str, after: bytes, work: Work) -> bytes | None:
        """Every issue as it was told last, and what happened to it."""
        state = work.state(domain)
        some = Shelf(state).after(after.decode(), _AGAIN)
        emit([news for issue in some for news in history.again(issue, state)], work, rule=after.decode())
        return some[-1].id.encode() if len(some) == _AGAIN else None

    def forget(self, erasure: Erasure, work: Work) -> int:
        """Titles, samples, frames, activities: whatever text of an issue holds the person's value."""
        return forget_in(work.state(erasure.domain), erasure, partial(in_json, spared=_OURS))

    def explain(self, batch: LogBatch) -> list[Explanation]:
        """Which issue a batch of one record belongs to, and why."""
        chosen = material(batch, self._levels)
        if chosen is None:
            why = f"its level is none of {', '.join(self._config.triage_levels)}"
            return [Explanation(ID, None, why)]
        return self._grouper.explanations(Columns(batch, chosen.rows, self._judging.tags), self._judging.explained, ID)


class _Found:
    """The issue of each record of a batch."""

    def __init__(self, height: int) -> None:
        self._codes = np.full(height, -1, dtype=np.int32)
        self._names: list[str] = []

    def put(self, rows: npt.NDArray[np.integer], name: str) -> None:
        """These records belong to that issue."""
        self._codes[rows] = len(self._names)
        self._names.append(name)

    def column(self) -> pl.Series:
        """A value for each record."""
        if len(self._codes) > _SMALL:
            return of_answers(self._codes, self._names).column()
        names = [*self._names, None]  # -1 is the last
        return pl.Series([names[code] for code in self._codes.tolist()], dtype=pl.String)


def _arrival(target: str, several: Sequence[Part], groups: Groups, columns: Columns, seen: Seen) -> Arrival:
    """What came of an issue, and what its first record says of it."""
    row = int(min(part.rows[0] for part in several))
    variants = [
        (groups.groupings[part.grouping].issue_id, groups.groupings[part.grouping], len(part.rows)) for part in several
    ]

    def about() -> About:
        return About(
            columns.component.of(row), columns.service.of(row), columns.environment.of(row),
            columns.attribute(RULE).of(row), columns.body.of(row),
        )  # fmt: skip

    return Arrival(target, variants, seen, about, overflow=target == OVERFLOW)
