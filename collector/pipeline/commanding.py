"""Commands on their way through a pipeline: each goes to the component that takes it, once, and ends as `handled`.

    batch ──► its commands ──► owner ──► `logboom.command.applied` or `.refused` ──► processors ──► out
                                └ remembers the id for 24 hours, in the same transaction

Through the pipeline that every configuration has they also go on, with the events, to whoever takes those; in others only what is
made of them does, for what came through the service's own receiver has its own way out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import VALUE_COLUMNS, ValueKind
from collector.component import Applied, Command, Refused, TakesCommands
from collector.component.commands import Value
from collector.ledger.interface import Ledger
from collector.outcomes import Counts, Outcome
from collector.pipeline.made import Maker
from collector.pipeline.processed import Processed, told_of
from collector.pipeline.state import Changes, Overlay
from collector.pipeline.work import StepWork
from collector.reserved import APPLIED, REFUSED, SUBJECT_VALUE, memory_of

REMEMBERED_NANOS = 24 * 3600 * 10**9
_ID, _WHO, _WHY = "logboom.command.id", "logboom.command.who", "logboom.command.why"
_OWN = frozenset({_ID, _WHO, _WHY, "logboom.control.id"})
_MOST_SNAPSHOT = 4096
_FORGOTTEN_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command, for whoever waits. `outcome`: `applied` or `refused`."""

    id: str
    owner: str
    outcome: str
    reason: str = ""
    snapshot: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taker:
    """A component that takes commands of these names."""

    id: str
    names: Sequence[str]
    component: TakesCommands


class Commanding:
    """Those of one pipeline in one partition.

    Args:
        account: the pipeline's name in the counts.
        hands_on: what came through the service's receiver goes on.
    """

    def __init__(
        self,
        pipeline: str,
        ledger: Ledger,
        takers: Sequence[Taker],
        now_unix_nano: Callable[[], int],
        *,
        hands_on: bool,
    ) -> None:
        self._pipeline = pipeline
        self._account = f"pipeline/{pipeline}"
        self._ledger = ledger
        self._takers = takers
        self._now = now_unix_nano
        self._hands_on = hands_on

    def carry_out(self, batch: LogBatch, changes: Changes) -> tuple[Processed, list[Answer]]:
        """What is left of a batch with what was made of its commands, on top of `changes`.

        Raises:
            StageFailed: a component raised; nothing of it is kept.
        """
        draft, answers = Processed(batch, changes=dict(changes)), list[Answer]()
        generation = batch.generation
        if generation is None:
            return draft, answers
        for taker in self._takers:
            mine = (generation > 0) & batch.column("event_name").is_in(list(taker.names))
            for position in mine.arg_true():
                self._give(taker, batch.gather(pl.Series([position])), draft, answers)
        draft.batch = _discreet(batch)
        if not self._hands_on:
            taken = batch.column("event_name").is_in([name for taker in self._takers for name in taker.names])
            draft.counts += self._ended(Outcome.HANDLED, batch.filter(taken))
            draft.batch = draft.batch.filter(~taken)
        draft.join()
        return draft, answers

    def leave(self, draft: Processed) -> None:
        """At the end of the processors: what came through the service's receiver is not for this pipeline's exporters."""
        if self._hands_on:
            return
        receivers = draft.batch.payloads.get_column("receiver")
        came = receivers.is_not_null().gather(draft.batch.column("payload")).fill_null(False)
        draft.counts += self._ended(Outcome.FILTERED, draft.batch.filter(came))
        draft.batch = draft.batch.filter(~came)

    def _ended(self, outcome: Outcome, batch: LogBatch) -> Counts:
        return Counts({(domain, self._account, str(outcome)): records for domain, records in batch.by_domain().items()})

    def _give(self, taker: Taker, one: LogBatch, draft: Processed, answers: list[Answer]) -> None:
        """One command to its owner, who has done it already when its id is known."""
        command = _command(one)
        memory = Overlay(self._ledger, memory_of(taker.id), command.domain, draft.changes)
        name = command.id.encode()
        if (before := memory.get(name)) is not None:
            answers.append(Answer(command.id, taker.id, **orjson.loads(before)["answer"]))
            return
        work = StepWork(
            self._ledger, draft.changes, Maker(self._pipeline, taker.id, one, sole=True),
            f"processor/{self._pipeline}/{taker.id}", self._now(),
        )  # fmt: skip
        with told_of(f"processor {taker.id}"):
            answer = _answer(command, taker.id, taker.component.command(command, work))
            work.emit(APPLIED if answer.outcome == "applied" else REFUSED, _event(command, answer))
        self._forget(memory)
        told = {"outcome": answer.outcome, "reason": answer.reason, "snapshot": answer.snapshot}
        memory.put(name, orjson.dumps({"at": self._now(), "answer": told}))
        draft.counts += work.named + work.emitted
        draft.made += work.made
        draft.timers |= work.timers
        answers.append(answer)

    def _forget(self, memory: Overlay) -> None:
        old = self._now() - REMEMBERED_NANOS
        for name, row in memory.scan(b"")[:_FORGOTTEN_AT_ONCE]:
            if orjson.loads(row)["at"] < old:
                memory.delete(name)


def _discreet(batch: LogBatch) -> LogBatch:
    """Without what was for the owners of commands alone."""
    if not (batch.attributes.get_column("key") == SUBJECT_VALUE).any():
        return batch
    return replace(batch.without_attributes([SUBJECT_VALUE]), sent=None)


def _command(one: LogBatch) -> Command:
    said = dict(_attributes(one))
    id_ = str(said.get(_ID) or said.get("logboom.control.id", ""))
    received_ms = one.payloads.get_column("received_unix_ms").gather(one.column("payload"))[0] or 0
    rest = {key: value for key, value in said.items() if key not in _OWN}
    return Command(
        id_[:100], one.column("event_name")[0], one.column("domain")[0] or "", str(said.get(_WHO, "")), str(said.get(_WHY, "")),
        rest, int(received_ms) * 1_000_000,
    )  # fmt: skip


def _attributes(one: LogBatch) -> Iterator[tuple[str, Any]]:
    for row in one.all_attributes().iter_rows(named=True):
        kind = ValueKind(row["kind"])
        if kind in (ValueKind.STRING, ValueKind.BOOL, ValueKind.INT, ValueKind.DOUBLE):
            yield row["key"], row[VALUE_COLUMNS[kind]]


def _answer(command: Command, owner: str, said: Applied | Refused) -> Answer:
    if isinstance(said, Refused):
        return Answer(command.id, owner, "refused", said.reason)
    return Answer(command.id, owner, "applied", "", dict(said.snapshot))


def _event(command: Command, answer: Answer) -> LogBatch:
    snapshot = orjson.dumps(answer.snapshot).decode()
    said = {
        _ID: command.id, "logboom.command.name": command.name, _WHO: command.who, _WHY: command.why,
        "logboom.command.owner": answer.owner, "logboom.command.reason": answer.reason,
        "logboom.command.snapshot": snapshot if answer.snapshot and len(snapshot) <= _MOST_SNAPSHOT else "",
    }  # fmt: skip
    body = f"{command.name} of {command.who or 'somebody'} is {answer.outcome}"
    columns = {
        "body": [f"{body}: {answer.reason}" if answer.reason else body], "severity_number": [9], "severity_text": ["INFO"],
        "time_unix_nano": [command.received_unix_nano],
    }  # fmt: skip
    return LogBatch.of(
        columns, {key: [value] for key, value in said.items() if value}, {"service.name": "logboom"}, "logboom"
    )
