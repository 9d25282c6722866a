"""What leaves a pipeline becomes alerts; what is to be told of them becomes notifications. See README.md.

batch ─► occurrences by route ─► groups (state) ─► due? ─► flush ─► notifications
                               └► digests (state)          ▲ ticks: groups, escalations, digests, limits
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, repeat

import polars as pl

from collector.alert_commands import ACKNOWLEDGE, RECEIVED, RESOLVE, SILENCE
from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Due, Erasure, Refused, State, Work
from collector.component.forgetting import forget_in, in_msgpack
from collector.connectors.alerting import orders, others, people, trial
from collector.connectors.alerting.config import AlertingConfig
from collector.connectors.alerting.digest import PREFIX as DIGEST
from collector.connectors.alerting.digest import Digests
from collector.connectors.alerting.events import Ends, split
from collector.connectors.alerting.flushing import Flusher
from collector.connectors.alerting.group import Group, Said, fingerprint, group_id, group_labels
from collector.connectors.alerting.groups import (
    CHAIN,
    GROUP,
    Groups,
    all_of,
    count_notices,
    forget_issue,
    groups_of,
    note_issue,
    overflow,
)
from collector.connectors.alerting.heartbeat import PREFIX as HEARTBEAT
from collector.connectors.alerting.heartbeat import Heartbeat
from collector.connectors.alerting.inhibition import Inhibition
from collector.connectors.alerting.limits import PREFIX as LIMIT
from collector.connectors.alerting.limits import Limits
from collector.connectors.alerting.monitors import PREFIX as MONITOR
from collector.connectors.alerting.monitors import Finding, Monitors, of_monitor
from collector.connectors.alerting.occurrences import Occurrence, Occurrences
from collector.connectors.alerting.reports import PREFIX as REPORT
from collector.connectors.alerting.reports import Reports
from collector.connectors.alerting.responses import responding
from collector.connectors.alerting.responses.book import Breaker
from collector.connectors.alerting.responses.responding import Responding
from collector.connectors.alerting.responses.step import Step
from collector.connectors.alerting.routes import NANOS, Leaf, Routes
from collector.connectors.alerting.summaries import digest_of, limited
from collector.connectors.alerting.words import TEST
from collector.notices import NOTIFICATION, Notice, batch_of
from collector.responses.response import Response


class Alerting:
    """See the module."""

    takes_events: Sequence[str] = ("logboom.issue.*", "logboom.service.*", RECEIVED)

    def __init__(self, config: AlertingConfig, context: Context) -> None:
        self._config = config
        self._routes = Routes(config)
        self._groups = Groups({leaf.path: leaf for leaf in self._routes.leaves}, config.max_groups)
        self._occurrences = Occurrences(self._routes, config.labels, config.max_samples)
        self._inhibition = Inhibition(config.inhibit_rules)
        self._heartbeat = Heartbeat(config.heartbeat)
        limits = Limits(config.limits.groups, round(config.limits.window * NANOS))
        self._flusher = Flusher(self._inhibition, limits, config.fallback, config.max_alerts)
        self._reports = Reports(config.reports, context.data_dir / "store.db", config.max_alerts)
        self._monitors = Monitors(config.monitors, config.max_sample_chars)
        self._responding = Responding(config, context.id, self._groups, self._flusher)
        if self._responding.any:
            self.takes_events = (*self.takes_events, responding.DEPLOYMENT)

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        """Nothing is handed on; what is told is emitted."""
        self._heartbeat.begin(batch, work)
        alarming, ends, positions = split(batch)
        told: list[tuple[Notice, int]] = []
        acts: list[tuple[Response, int]] = []
        self._responding.deployed(batch, work)
        for leaf, occurred in self._occurrences.of(alarming, work.now_unix_nano):
            found = self._going_on(leaf, occurred, work)
            if leaf.digest is not None:
                lines = self._lines(alarming, [[one.row] for one in found])
                for one, (line,) in zip(found, lines, strict=True):
                    Digests.count(work, leaf, one, line)
            else:
                told += self._alert(leaf, list(zip(found, self._said(alarming, found), strict=True)), work, acts)
        told = [(notice, positions[row]) for notice, row in told]
        told += self._monitored(self._monitors.see(batch, work), work)
        if self._config.reports:
            self._reports.plan(_senders(batch), work)
        if told:
            _emit(work, [notice for notice, _ in told], parents=pl.Series([row for _, row in told], dtype=pl.UInt32))
        responding.emit(work, [one for one, _ in acts], [positions[row] for _, row in acts])
        for end in ends:
            self._end(end, work)
        return {}

    def tick(self, due: Due, work: Work) -> None:
        """A group, an escalation, a digest or a window of a limit is due."""
        if due.name.startswith(GROUP):
            told = self._group_due(due, work)
        elif due.name.startswith(CHAIN):
            told = self._chain_due(due, work)
        elif due.name.startswith(DIGEST):
            told = self._digest_due(due, work)
        elif due.name.startswith(REPORT):
            told = self._reports.tick(due, work)
        elif due.name.startswith(trial.PREFIX):
            told = [trial.end(due, work)]
        elif due.name.startswith(MONITOR):
            told = [notice for notice, _ in self._monitored(self._monitors.tick(due, work), work)]
        elif due.name.startswith(HEARTBEAT):
            told = self._heartbeat.beat(due, work)
        elif due.name.startswith(responding.PREFIX):
            told = self._carried(self._responding.tick(due, work), work)
        else:
            told = limited(due.name.removeprefix(LIMIT), due, work, self._config.max_alerts)
        _emit(work, told, due.domain)

    def command(self, command: Command, work: Work) -> Applied | Refused:
        """Somebody acknowledges, or asks for quiet."""
        if command.name == TEST:
            return self._try_ways(command, work)
        if people.about_a_group(command):
            return self._about_group(command, work)
        if self._responding.takes(command.name):
            answer, step = self._responding.command(command, work)
            _emit(work, self._carried(step, work), command.domain)
            return answer
        return orders.carry_out(command, work)

    def _try_ways(self, command: Command, work: Work) -> Applied | Refused:
        exporters = trial.asked(command, self._config, self._routes)
        if isinstance(exporters, Refused):
            return exporters
        answer, notices = trial.begin(command, exporters, work)
        _emit(work, notices, command.domain)
        return answer

    def _alert(
        self,
        leaf: Leaf,
        found: Iterable[tuple[Occurrence, Said]],
        work: Work,
        acts: list[tuple[Response, int]] | None = None,
    ) -> list[tuple[Notice, int]]:
        """Put occurrences into their groups; tell what is due at once, and add to `acts`, where there is one, what is to be done about it."""
        by_group: defaultdict[tuple[str, str], list[tuple[Occurrence, Said]]] = defaultdict(list)
        labels: dict[str, dict[str, str]] = {}
        for one, said in found:
            of_group = group_labels(leaf, one.labels)
            key = group_id(leaf, of_group)
            labels[key] = of_group
            by_group[one.domain, key].append((one, said))
        told: list[tuple[Notice, int]] = []
        opened: defaultdict[str, dict[str, Group]] = defaultdict(dict)
        members: defaultdict[tuple[str, str], list[tuple[Occurrence, Said]]] = defaultdict(list)
        for (domain, key), mine in by_group.items():
            members[domain, self._groups.of(work.state(domain), leaf, key, labels[key], opened[domain])] += mine
        for (domain, key), mine in members.items():
            group = opened[domain][key]
            for one, said in mine:
                self._add(group, leaf, one, said, work, key)
            self._hasten(group, leaf, [one for one, _ in mine], work.now_unix_nano)
            if group.due <= work.now_unix_nano:
                told += [(notice, mine[0][0].row) for notice in self._flush(key, group, leaf, work)]
            if leaf.responses and acts is not None:
                heard = [(one.labels, one.instances) for one, _ in mine]
                responses, asked = self._responding.look(key, group, leaf, work, heard)
                acts += [(one, mine[0][0].row) for one in responses]
                told += [(notice, mine[0][0].row) for notice in asked]
            self._groups.keep(work, domain, key, group)
        return told

    def _going_on(self, leaf: Leaf, found: list[Occurrence], work: Work) -> list[Occurrence]:
        """Those that go on. What its source says is over ends in the group that it is in, which tells it when it is looked at next."""
        over = [one for one in found if 0 < one.ends <= work.now_unix_nano]
        for one in over:
            state, key = work.state(one.domain), group_id(leaf, group_labels(leaf, one.labels))
            known = self._groups.known(state, key)
            if known is not None and known[0].end(one, work.now_unix_nano, leaf.resolve_after):
                self._inhibition.tell(one.labels, 0, state)
                self._groups.keep(work, one.domain, key, known[0])
        return [one for one in found if not 0 < one.ends <= work.now_unix_nano] if over else found

    def _carried(self, step: Step, work: Work) -> list[Notice]:
        """A step of responses: events of it, and alerts about breakers."""
        responding.emit(work, step.told)
        for one in step.closed:
            labels = responding.breaker_labels(step.domain, one)
            self._end(Ends(step.domain, "a person closed it", labels=labels), work)
        return [notice for one in step.open for notice in self._alarm(step.domain, one, work)]

    def _alarm(self, domain: str, breaker: Breaker, work: Work) -> list[Notice]:
        """An open breaker is an alert like any other, in a group of its own."""
        labels, now = responding.breaker_labels(domain, breaker), work.now_unix_nano
        pairs = [(Occurrence(domain, labels, 1, now, now, 0, ()), Said([responding.breaker_text(domain, breaker)], 1))]
        own = [responding.apart(leaf) for leaf in self._routes.taking(labels) if leaf.digest is None]
        return [notice for leaf in own for notice, _ in self._alert(leaf, pairs, work)]

    def _add(self, group: Group, leaf: Leaf, one: Occurrence, said: Said, work: Work, key: str) -> None:
        if group.stale(one):
            return
        state, now = work.state(one.domain), work.now_unix_nano
        group.add(one, said, now, leaf.resolve_after)
        self._inhibition.tell(one.labels, one.ends or now + leaf.resolve_after, state)
        if issue := one.labels.get("issue"):
            note_issue(state, issue, key)

    @staticmethod
    def _hasten(group: Group, leaf: Leaf, found: Iterable[Occurrence], now: int) -> None:
        """When a group that nobody was told of is: it waits as long as its most urgent alert, since that began."""
        if group.flushed:
            return
        for one in found:
            wait = leaf.waits(one.labels.get("level", ""))
            at = now if one.first and one.first + wait <= now else now + wait
            group.due = min(group.due or at, at)

    def _flush(self, key: str, group: Group, leaf: Leaf, work: Work) -> list[Notice]:
        told = self._flusher.flush(key, group, leaf, work)
        escalation = self._routes.escalations.get(leaf.escalation)
        if escalation is not None and told and not group.chain.began and any(one.status == "firing" for one in told):
            group.chain.began = work.now_unix_nano
            group.chain.due = group.chain.began + round(escalation.steps[0].after * NANOS)
        return told

    def _group_due(self, due: Due, work: Work) -> list[Notice]:
        key, state = due.name.removeprefix(GROUP), work.state(due.domain)
        known = self._groups.known(state, key)
        if known is None:
            return []
        group, leaf = known
        if not group.alerts:
            self._groups.forget(state, key)
            return []
        told = self._flush(key, group, leaf, work)
        if leaf.responses:
            responses, asked = self._responding.look(key, group, leaf, work)
            responding.emit(work, responses)
            told += asked
        self._groups.keep(work, due.domain, key, group)
        return told

    def _chain_due(self, due: Due, work: Work) -> list[Notice]:
        """The next step, unless somebody has acknowledged it, or it is over."""
        key = due.name.removeprefix(CHAIN)
        known = self._groups.known(work.state(due.domain), key)
        if known is None:
            return []
        group, leaf = known
        told = orders.next_step(key, group, leaf, self._routes.escalations.get(leaf.escalation), self._flusher, work)
        self._groups.keep(work, due.domain, key, group)
        return told

    def _digest_due(self, due: Due, work: Work) -> list[Notice]:
        _, _, path = due.name.removeprefix(DIGEST).partition("/")
        counted = Digests.take(work.state(due.domain), due.name)
        leaf = self._groups.leaves.get(path)
        if leaf is None or not counted:
            return []
        return [digest_of(leaf, exporter, due, counted, self._config.max_alerts) for exporter in leaf.exporters]

    def forget(self, erasure: Erasure, work: Work) -> int:
        """Texts of alerts, digests, responses. What a group is called stays: its name is a hash."""
        state = work.state(erasure.domain)
        groups = forget_in(state, erasure, partial(in_msgpack, skipped=1), GROUP.encode())
        return groups + forget_in(state, erasure, in_msgpack)

    def _about_group(self, command: Command, work: Work) -> Applied | Refused:
        """What somebody says of a group. One that is over has nothing to acknowledge; the rest finds it as it is to be."""
        state = work.state(command.domain)
        key = people.whole_id(state, command)
        known = self._groups.known(state, key)
        if known is None or (command.name in (ACKNOWLEDGE, SILENCE) and not known[0].alerts):
            return Refused(f"there is no alert of the group {key[:40]!r} in {command.domain}")
        group, leaf = known
        if command.name == SILENCE:
            order = people.silence_of(command, group)
            return orders.carry_out(order, work) if isinstance(order, Command) else order
        told: list[Notice] = []
        if command.name == ACKNOWLEDGE:
            news = group.chain.acknowledged_until <= work.now_unix_nano
            escalation = self._routes.escalations.get(leaf.escalation)
            answer = people.acknowledge(
                command, key, group, escalation.ack_timeout if escalation is not None else 3600.0
            )
            told = self._flusher.acknowledged(key, group, leaf, work) if news else []
        elif command.name == RESOLVE:
            answer = people.resolve(command, key, group, self._inhibition, work)
        else:
            answer = people.unacknowledge(key, group, work.now_unix_nano)
        self._groups.keep(work, command.domain, key, group)
        _emit(work, told, command.domain)
        return answer

    def _end(self, end: Ends, work: Work) -> None:
        """What is said to be over ends in all its groups, which are looked at next."""
        state = work.state(end.domain)
        for key in groups_of(state, end.issue) if end.issue else _groups_with(state, end):
            known = self._groups.known(state, key)
            if known is None:
                continue
            group, _ = known
            for alert in group.alerts.values():
                if end.means(alert.labels):
                    alert.ended = end.reason
                    self._inhibition.tell(alert.labels, 0, state)
            group.due = min(group.due, work.now_unix_nano) if group.flushed else group.due
            self._groups.keep(work, end.domain, key, group)
        if end.issue:
            forget_issue(state, end.issue)

    def _monitored(self, findings: Sequence[Finding], work: Work) -> list[tuple[Notice, int]]:
        """What monitors found are alerts like others: they go by their labels."""
        told: list[tuple[Notice, int]] = []
        for one in findings:
            for leaf in self._routes.taking(one.labels):
                if one.ended:
                    self._end_alert(one, leaf, work)
                    continue
                occurrence, said = of_monitor(one, self._config.max_samples)
                if leaf.digest is None:
                    told += self._alert(leaf, [(occurrence, said)], work)
                elif one.records:
                    Digests.count(work, leaf, occurrence, one.sentence)
        return told

    def _end_alert(self, one: Finding, leaf: Leaf, work: Work) -> None:
        """Its group is looked at next."""
        state, mark = work.state(one.domain), fingerprint(one.labels)
        for labels in (group_labels(leaf, one.labels), overflow(one.labels)):
            key = group_id(leaf, labels)
            known = self._groups.known(state, key)
            if known is None or mark not in known[0].alerts:
                continue
            group, alert = known[0], known[0].alerts[mark]
            alert.ended, alert.seen = one.ended, work.now_unix_nano
            self._inhibition.tell(alert.labels, 0, state)
            group.due = min(group.due, work.now_unix_nano) if group.flushed else group.due
            self._groups.keep(work, one.domain, key, group)

    def _said(self, batch: LogBatch, found: Sequence[Occurrence]) -> Iterator[Said]:
        """Lines and notes of each."""
        most = self._config.max_samples
        lines = self._lines(batch, [one.rows[:most] for one in found])
        notes = (
            self._notes(batch, [one.row for one in found]) if batch.generation is not None else repeat({}, len(found))
        )
        yield from map(Said, lines, repeat(most), notes)

    @staticmethod
    def _notes(batch: LogBatch, rows: Sequence[int]) -> Iterator[dict[str, str]]:
        """What an issue's event, or that of another who watches, knows beyond its lines."""
        names = ("title", "cause", "suggestion")
        columns = [batch.attribute_text(f"logboom.issue.{name}").gather(list(rows)).to_list() for name in names]
        for values, said in zip(zip(*columns, strict=True), others.notes(batch, rows), strict=True):
            yield {**said, **{name: value[:1000] for name, value in zip(names, values, strict=True) if value}}

    def _lines(self, batch: LogBatch, rows: Sequence[Sequence[int]]) -> Iterator[list[str]]:
        """The text of some records of each alert."""
        flat = [row for each in rows for row in each]
        texts = iter(batch.column("body").gather(flat).to_list())
        for each in rows:
            yield [(text or "")[: self._config.max_sample_chars] for text in islice(texts, len(each))]


def _senders(batch: LogBatch) -> list[str]:
    """The domains that sent something of it."""
    generation, domains = batch.generation, batch.column("domain")
    sent = domains if generation is None else domains.filter(generation == 0)
    return [domain for domain in sent.unique().to_list() if domain]


def _emit(work: Work, told: Sequence[Notice], domain: str = "", parents: pl.Series | None = None) -> None:
    """Make events of them, counted for their domains: those of their labels, else `domain`."""
    if not told:
        return
    work.emit(NOTIFICATION, batch_of(told, work.now_unix_nano), parents=parents)
    of_domain = defaultdict[str, list[Notice]](list)
    for one in told:
        of_domain[one.labels.get("domain", domain)].append(one)
    for name, notices in of_domain.items():
        if name:
            count_notices(work.state(name), notices)


def _groups_with(state: State, end: Ends) -> list[str]:
    return [key for key, group in all_of(state) if any(end.means(alert.labels) for alert in group.alerts.values())]
