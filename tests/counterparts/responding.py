"""Exporters that act, with the machine that decides on the other side of the socket: the real one, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Factory
from collector.connectors.alerting.responses.book import Book, place
from collector.connectors.alerting.responses.config import ResponseConfig, ResponseLimitsConfig
from collector.connectors.alerting.responses.machine import Machine
from collector.connectors.alerting.responses.orders import Orders
from collector.connectors.alerting.responses.step import Alerts, Step
from collector.control.asking import NotRunning, Settled, Told
from collector.control.record import ControlRecord
from collector.outcomes import Retry, Verdict
from collector.responses import words
from collector.responses.acting import Acts
from collector.responses.response import STARTED, Response, State, batch_of
from collector.testing.events import marked
from collector.testing.virtual_time import run_virtual
from collector.testing.work import FakeWork

NOW = 1_700_000_000 * 10**9
DOMAIN = "tamyla.com"


def response(target: str, **more: Any) -> Response:
    """One that was started just now."""
    given: dict[str, Any] = {
        "id": "0123456789abcdef0123456789abcdef", "name": "restart", "exporter": "x", "target": target, "domain": DOMAIN,
        "group": "f" * 32, "proposed": NOW - 10**9, "expires": NOW, "labels": {"service": "shop", "error_type": "$(reboot) `id` ;"},
        "dry_run": False, "instances": 2, "state": str(State.STARTED), "started": NOW, "version": 1,
    }  # fmt: skip
    return Response(**{**given, **more})


def made(one: Response) -> LogBatch:
    """It as the event that an exporter gets."""
    batch = batch_of([one], NOW)
    records = batch.records.with_columns(pl.lit(one.domain).alias("domain"), pl.Series("record_id", ["0" * 26]))
    return marked(replace(batch, records=records), [STARTED])


@dataclass
class Decider:
    """Whom exporters ask. `down`: so many questions are answered by nobody; `unheard`: commands the next answer to which does not arrive."""

    work: FakeWork = field(default_factory=lambda: FakeWork(now_unix_nano=NOW))
    down: int = 0
    unheard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _answers: dict[str, Told] = field(default_factory=dict)

    def start(self, one: Response) -> None:
        """It was decided."""
        book = Book(self.work.state(one.domain))
        book.keep(one)
        history = book.history(one.exporter, one.target)
        history.live = one.id
        if one.deployment:
            book.note_deployment(one.deployment, *place(one.labels), "2.0", one.proposed)
        book.keep_history(one.exporter, one.target, history)

    async def ask(self, root: Path, record: ControlRecord, wait_secs: float) -> Told:
        """In the place of the socket; an id is known again."""
        del root
        if self.down:
            self.down -= 1
            raise NotRunning("nobody listens")
        if record.id not in self._answers:
            self.asked.append(record.name)
            settled = [self._settled(record)]
            self._answers[record.id] = Told(record.id, settled if wait_secs else [])
        if record.name in self.unheard:
            self.unheard.remove(record.name)
            raise NotRunning("the answer was lost")
        return self._answers[record.id]

    def _settled(self, record: ControlRecord) -> Settled:
        step = Step(record.domain, self.work, Alerts(lambda *_: True, lambda *_: False))
        one = Book(self.work.state(record.domain)).response(str(record.attributes[words.ID]))
        config = ResponseConfig.model_validate(
            {"exporter": "x", "dry_run": False, "target": one.target if one else "t"}
            | ({"rollback_within": "30m"} if one and one.deployment else {})
        )
        orders = Orders(Machine("alerting", {"restart": config}, ResponseLimitsConfig()))
        command = Command(
            record.id, record.name, record.domain, str(record.attributes["logboom.command.who"]), "", record.attributes, self.work.now_unix_nano
        )  # fmt: skip
        answer = orders.carry_out(command, step)
        applied = isinstance(answer, Applied)
        return Settled("alerting", applied, "" if applied else getattr(answer, "reason", ""))

    def stands(self, one: Response) -> Response:
        """How it stands."""
        found = Book(self.work.state(one.domain)).response(one.id)
        assert found is not None
        return found


class Acting:
    """One exporter. `parts`: what is put in the place of its own (`_client`)."""

    def __init__(self, factory: Factory[Any], options: Mapping[str, Any], **parts: Any) -> None:
        self.factory, self.parts = factory, parts
        self.config = factory.config.model_validate(options)
        self.decider = Decider()
        self.process()

    def process(self) -> None:
        """A new process: nothing is known but what is on disk."""
        self.exporter: Any = self.factory.create(self.config, Context("x", Path()))
        for name, part in self.parts.items():
            setattr(self.exporter, name, part)
        acts = self.exporter if isinstance(self.exporter, Acts) else self.exporter._calls
        acts.desk.ask = self.decider.ask

    def once(self, one: Response) -> Verdict:
        """One attempt."""

        async def main() -> Verdict:
            try:
                answer = await self.exporter.send(self.exporter.encode(made(one)))
            except Exception as error:  # noqa: BLE001  delivery does the same
                answer = error
            (found,) = self.exporter.classify(answer)
            return found  # type: ignore[no-any-return]

        return run_virtual(main())

    def carry_out(self, target: str, **more: Any) -> Response:
        """Attempts until it has ended; how it stands then."""
        one = response(target, **more)
        self.decider.start(one)
        for _ in range(20):
            if not isinstance(self.once(one), Retry):
                return self.decider.stands(one)
        raise AssertionError("it never ends")


CLAIM, REPORT = words.CLAIM, words.REPORT

__all__ = ["CLAIM", "DOMAIN", "NOW", "REPORT", "Acting", "Decider", "made", "response"]
