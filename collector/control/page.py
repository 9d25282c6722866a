"""The page of events, `EVENTS.md`, written from the catalogue by the code that tells them (`make docs`)."""

from __future__ import annotations

from typing import Any

import orjson

from collector.control.catalogue import SERVICE_EVENTS
from collector.control.event import PHASE, PROCESS, Phase, ServiceEvent
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.reserved import DOMAIN

_HEAD = """# Events of the service

What logboom knows about itself is told as log records: through the receiver `service` and the pipeline `logs/service`, which every
configuration has, to all exporters that take events (stores do; `events: true` makes any). They are marked as made
(`generation` 1), which nothing that is sent can be: a record that has one of these names and came from outside is plain data.

They belong to the domain that `service.domains.operator` names; without a choice to `logboom`, which no request can belong to; where one domain is
served and nobody is asked who sends, to that one. `logboom query "SELECT body FROM logs WHERE event_name LIKE 'logboom.service.%'"` shows them.

Each is told once for each occasion, by the process that knows (`logboom.process`). What lasts is told when it begins and when it ends
(`logboom.phase`: `began`, `ended`), with the severity INFO at its end. Nothing is told per record; a process tells at most two a second
over time, 240 at once, and keeps 1,000 while nobody takes them in. Secrets of the configuration are replaced by `[REDACTED]`.
"""


class _Heard:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.records: list[ControlRecord] = []

    def tell(self, record: ControlRecord) -> None:
        self.records.append(record)


def told(event: ServiceEvent) -> list[ControlRecord]:
    """The records of its example: for the operator, and for the domain concerned where there is one."""
    heard, example = _Heard(), event.example
    reporter = Reporter(heard, example.process, lambda: DOMAIN)
    concerned = str(example.attributes.get("logboom.domain", ""))
    phase = Phase.BEGAN if event.lasts else None
    reporter.tell(event, example.body, example.attributes, phase=phase, concerned=concerned)
    return heard.records


def shown(record: ControlRecord) -> dict[str, Any]:
    """A record as the page shows it."""
    return {
        "event_name": record.name, "severity": record.severity, "domain": record.domain, "body": record.body,
        "attributes": dict(record.attributes),
    }  # fmt: skip


def markdown() -> str:
    """The page."""
    return _HEAD + "".join(f"\n{_section(event)}" for event in SERVICE_EVENTS.values())


def _section(event: ServiceEvent) -> str:
    attributes = {
        PROCESS: "the process that tells",
        **({PHASE: "`began` or `ended`"} if event.lasts else {}),
        **event.attributes,
    }
    rows = "".join(f"| `{name}` | {what} |\n" for name, what in attributes.items())
    texts = (orjson.dumps(shown(record), option=orjson.OPT_INDENT_2).decode() for record in told(event))
    examples = "\n".join(f"```json\n{text}\n```\n" for text in texts)
    return f"## `{event.event_name}`\n\n{event.severity}: {event.when}.\n\n| attribute | it says |\n| --- | --- |\n{rows}\n{examples}"
