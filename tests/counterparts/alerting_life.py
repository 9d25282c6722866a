"""`alerting` and its clock, for tests: records come, time passes, what was told is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Refused
from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.connector import Alerting
from collector.notices import NOTIFICATION, Notice, notices_of
from collector.testing.events import marked
from collector.testing.work import FakeWork

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
START = 1_700_000_000 * SECOND

BASE: dict[str, Any] = {
    "route": {
        "receiver": "ops",
        "group_by": ["service"],
        "routes": [{"matchers": ['level="critical"'], "receiver": "page"}],
    },
    "receivers": {"ops": ["email"], "page": ["pager", "chat"]},
}


class Life:
    """An `alerting` and its clock."""

    def __init__(self, **options: Any) -> None:
        self.connector = self.made({**BASE, **options})
        self.work = FakeWork(now_unix_nano=START)

    @staticmethod
    def made(options: dict[str, Any]) -> Alerting:
        made: Alerting = FACTORY.create(FACTORY.config.model_validate(options), Context("alerting", Path()))
        return made

    def again(self, **options: Any) -> None:
        """A restart, or another configuration: what is kept stays."""
        self.connector = self.made({**BASE, **options})

    def tell(
        self, level: str = "critical", body: str = "boom", count: int = 1, began: Any = None, **labels: Any
    ) -> None:
        """Records come. `began`: their time, ns; now where it is not said."""
        time = self.work.now_unix_nano if began is None else began
        names = {"component": "logboom.component", "issue": "logboom.issue.id", "endpoint": "logboom.endpoint"}
        attributes = {names[key]: [value] * count for key, value in labels.items() if key in names}
        batch = LogBatch.of(
            {"body": [body] * count, "time_unix_nano": [time] * count, "domain": [labels.get("domain", "a.com")] * count},
            {"logboom.triage.level": [level] * count, **attributes},
            {"service.name": labels.get("service", "shop")},
        )  # fmt: skip
        assert self.connector.connect(batch, self.work) == {}

    def event(self, kind: str, **attributes: str | float) -> None:
        """A component made one."""
        batch = LogBatch.of(
            {"body": [kind], "event_name": [kind], "severity_number": [17], "time_unix_nano": [self.work.now_unix_nano], "domain": ["a.com"]},
            {key.replace("__", "."): [value] for key, value in attributes.items()},
        )  # fmt: skip
        made = pl.Series("generation", [1], dtype=pl.UInt8)
        self.connector.connect(LogBatch(**{**_fields(batch), "records": batch.records.with_columns(made)}), self.work)

    def wait(self, nanos: int) -> None:
        """Time passes; what is due happens at its time."""
        end = self.work.now_unix_nano + nanos
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
        self.work.now_unix_nano = end

    def told(self) -> list[tuple[str, str, str, int]]:
        """Exporter, status, reason, alerts shown; of what was told since the last call."""
        return [(one["exporter"], one["status"], one["reason"], len(one["alerts"])) for one in self.messages()]

    def notices(self) -> list[Notice]:
        """The same, as exporters read them."""
        told = [emitted.records for emitted in self.work.emitted if emitted.kind == NOTIFICATION]
        self.work.emitted.clear()
        return [one for records in told for one in notices_of(marked(records, [NOTIFICATION] * len(records)))]

    def messages(self) -> list[dict[str, Any]]:
        found = [one for emitted in self.work.emitted for one in _notifications(emitted.kind, emitted.records)]
        self.work.emitted.clear()
        return found

    def command(self, name: str, **attributes: str | float) -> Applied | Refused:
        said = {f"logboom.alert.{key}": value for key, value in attributes.items()}
        return self.connector.command(
            Command(f"id-{self.work.now_unix_nano}", name, "a.com", "ann", "because", said, self.work.now_unix_nano),
            self.work,
        )


def _fields(batch: LogBatch) -> dict[str, Any]:
    return {name: getattr(batch, name) for name in LogBatch.__slots__}


def _notifications(kind: str, records: LogBatch) -> Iterable[dict[str, Any]]:
    if kind != NOTIFICATION:
        return
    names = ("group", "exporter", "status", "reason", "level", "count", "labels", "alerts", "sequence", "flapped")
    columns = {name: records.attribute_text(f"logboom.alert.{name}").to_list() for name in names}
    for row, body in enumerate(records.column("body").to_list()):
        one = {name: values[row] for name, values in columns.items()}
        yield {**one, "alerts": orjson.loads(one["alerts"]), "labels": orjson.loads(one["labels"]), "body": body}
