"""A response: one thing that is to be done about one group of alerts, whole, as it stands.

It travels as events (`logboom.response.proposed` and so on), one for each step, which stores keep: the newest of each as a row of `responses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.responses.words import EVENTS, EXPORTER


class State(StrEnum):
    """How far it has come."""

    HELD = "held"
    PROPOSED = "proposed"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    HELPED = "helped"
    DID_NOT_HELP = "did_not_help"


STARTED = f"{EVENTS}{State.STARTED}"
"""The event that an exporter carries out."""
_WARN, _INFO = 13, 9
_BAD = (State.FAILED, State.DID_NOT_HELP)
_TEXTS = (
    "id",
    "name",
    "exporter",
    "target",
    "state",
    "reason",
    "who",
    "why",
    "group",
    "deployment",
    "was",
    "became",
    "attempt",
)
_NUMBERS = ("proposed", "expires", "started", "done", "instances", "dry_run")


@dataclass(slots=True)
class Response:
    """One of them.

    Args:
        id: 32 hex digits, made when it is proposed: what a target is given as key.
        name: of the response in the configuration.
        exporter, target: who acts on what; both from the configuration.
        group: of the alerts that it is about; `labels` are those of the alert.
        proposed, expires, started, done: times in ns; 0 = not yet.
        instances: how many different ones told it.
        deployment: the id of the one that it takes back; empty where it takes none back.
        attempt: who acts: a process of an exporter that was told it may.
        was, became: the target before and after.
        version: grows with each step.
    """

    id: str
    name: str
    exporter: str
    target: str
    domain: str
    group: str
    proposed: int
    expires: int
    labels: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = True
    instances: int = 0
    deployment: str = ""
    state: str = State.PROPOSED
    reason: str = ""
    who: str = ""
    why: str = ""
    started: int = 0
    done: int = 0
    attempt: str = ""
    was: str = ""
    became: str = ""
    version: int = 0

    def sentence(self) -> str:
        """For people."""
        dry = " (dry run)" if self.dry_run else ""
        by = f" by {self.who}" if self.who and self.state in (State.APPROVED, State.DENIED) else ""
        said = f"response {self.name}{dry}: {self.exporter} on {self.target}: {self.state.replace('_', ' ')}{by}"
        return f"{said}: {self.reason}" if self.reason else said


def batch_of(responses: Sequence[Response], now_unix_nano: int) -> LogBatch:
    """Responses of one state as records, for `Work.emit`."""
    columns = {
        "body": [one.sentence() for one in responses],
        "severity_number": [_WARN if one.state in _BAD else _INFO for one in responses],
        "time_unix_nano": [now_unix_nano] * len(responses),
    }
    attributes: dict[str, list[Any]] = {f"{EVENTS}{name}": [getattr(one, name) for one in responses] for name in _TEXTS}
    attributes |= {f"{EVENTS}{name}": [int(getattr(one, name)) for one in responses] for name in _NUMBERS}
    attributes[f"{EVENTS}labels"] = [orjson.dumps(one.labels).decode() for one in responses]
    attributes["logboom.version"] = [one.version for one in responses]
    return LogBatch.of(columns, attributes, {"service.name": "logboom"}, "logboom")


def responses_of(batch: LogBatch) -> list[Response]:
    """The responses that are to be carried out, among the records that components made."""
    generation = batch.generation
    if generation is None:
        return []
    mine = batch.filter((generation > 0) & (batch.column("event_name") == STARTED))
    texts = {name: mine.attribute_text(f"{EVENTS}{name}").fill_null("").to_list() for name in _TEXTS}
    numbers = {
        name: mine.attribute_text(f"{EVENTS}{name}").cast(pl.Int64, strict=False).fill_null(0).to_list()
        for name in _NUMBERS
    }
    labels, domains = mine.attribute_text(f"{EVENTS}labels").to_list(), mine.column("domain").fill_null("").to_list()
    found = []
    for row, domain in enumerate(domains):
        said = {name: values[row] for name, values in (texts | numbers).items()}
        found.append(Response(**{**said, "dry_run": said["dry_run"] != 0}, domain=domain, labels=_object(labels[row])))
    return found


def _object(text: str | None) -> dict[str, str]:
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def targets(batch: LogBatch) -> pl.Series:
    """What each record's response acts on, with who does: one after the other for each."""
    return batch.attribute_text(EXPORTER) + "/" + batch.attribute_text(f"{EVENTS}target")
