"""Events of the service: the page shows what the code tells, and none of them tells a secret or says more than it should."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from collector.control import catalogue
from collector.control.catalogue import SERVICE_EVENTS
from collector.control.event import PHASE, PREFIX, PROCESS, Phase, ServiceEvent
from collector.control.page import markdown, shown, told
from collector.control.record import SEVERITIES, ControlRecord
from collector.control.reporter import HIDDEN, Reporter
from collector.delivery.events import EventKind
from collector.service.conditions import CONDITIONS, WATCH

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "collector" / "control" / "EVENTS.md"


class Heard(list):
    def tell(self, record: ControlRecord) -> None:
        self.append(record)


def test_the_page_is_what_the_code_tells() -> None:
    """`make docs` brings it up to date."""
    assert PAGE.read_text() == markdown()


@pytest.mark.parametrize("name", sorted(SERVICE_EVENTS))
def test_each_example_of_the_page_is_produced_by_the_code(name: str) -> None:
    section = PAGE.read_text().partition(f"## `{name}`\n")[2].partition("\n## ")[0]
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", section, re.DOTALL)]
    event = SERVICE_EVENTS[name]
    assert examples == [shown(record) for record in told(event)]
    assert event.when in section
    for example in examples:
        assert example["event_name"] == name
        assert example["attributes"].keys() <= {PROCESS, PHASE, *event.attributes}
        assert example["severity"] == event.severity


@pytest.mark.parametrize("event", SERVICE_EVENTS.values(), ids=list(SERVICE_EVENTS))
def test_an_event_is_whole(event: ServiceEvent) -> None:
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", event.name)
    assert event.severity in SEVERITIES
    assert event.example.attributes.keys() <= event.attributes.keys()
    assert ("logboom.duration" in event.attributes) == event.lasts
    assert event.shown <= event.attributes.keys()
    assert bool(event.shown) == bool(event.shown_body)


def test_whoever_tells_names_an_event_of_the_catalogue() -> None:
    """No code makes the name of an event of the service of its own: all of them go through a `ServiceEvent`."""
    for path in (ROOT / "collector").rglob("*.py"):
        if path.name in {"catalogue.py", "event.py", "page.py"}:
            continue
        texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        named = [text for text in texts if isinstance(text, str) and text.startswith(PREFIX)]
        assert [text for text in named if text not in {PREFIX, f"{PREFIX}*"}] == [], (
            path
        )  # who takes events may take all


def test_each_condition_and_each_event_of_delivery_is_told() -> None:
    told_by_watch = {each.name: each.event for each in CONDITIONS if each.told_by == WATCH}
    assert None not in told_by_watch.values()
    assert len(set(map(id, told_by_watch.values()))) == len(told_by_watch)
    for condition in CONDITIONS:
        if condition.event is not None:
            assert condition.event.lasts
            assert condition.subject == "" or condition.subject in condition.event.attributes
    assert {PREFIX + kind for kind in EventKind} <= SERVICE_EVENTS.keys()


def test_the_end_of_what_lasts_is_no_alarm() -> None:
    heard = Heard()
    reporter = Reporter(heard, "supervisor", lambda: "ops.example")
    for phase in Phase:
        reporter.tell(catalogue.EXPORTER_LATE, "text", {"logboom.exporter": "d1"}, phase=phase)
    assert [(each.severity, each.attributes[PHASE], each.domain) for each in heard] == [
        ("WARN", "began", "ops.example"),
        ("INFO", "ended", "ops.example"),
    ]


def test_secrets_and_attributes_that_it_has_not_are_left_out() -> None:
    """A destination that answers with the token that it was shown."""
    heard = Heard()
    reporter = Reporter(heard, "worker 0", lambda: "ops.example", lambda: ["s3cr3t-token", "abc"])
    said = {"logboom.exporter": "http", "logboom.reason": "401: Bearer s3cr3t-token is wrong", "password": "x"}
    reporter.tell(catalogue.EXPORTER_BLOCKED, "blocked: s3cr3t-token abc", said)
    (record,) = heard
    assert record.body == f"blocked: {HIDDEN} abc"
    assert record.attributes["logboom.reason"] == f"401: Bearer {HIDDEN} is wrong"
    assert "password" not in record.attributes


def test_a_domain_is_told_of_its_own_limits_and_nothing_else() -> None:
    heard = Heard()
    reporter = Reporter(heard, "ingest 0", lambda: "ops.example")
    said = {"logboom.domain": "a.example", "logboom.receiver": "otlp", "logboom.count": 3}
    reporter.tell(catalogue.LIMIT_REACHED, "3 requests of a.example", said, concerned="a.example")
    operators, own = heard
    assert (operators.domain, own.domain) == ("ops.example", "a.example")
    assert dict(own.attributes) == {"logboom.count": 3}
    assert own.body == catalogue.LIMIT_REACHED.shown_body
    assert own.id != operators.id
    heard.clear()
    reporter.tell(catalogue.EXPORTER_LATE, "text", {"logboom.exporter": "d1"}, concerned="a.example")
    reporter.tell(catalogue.LIMIT_REACHED, "text", said, concerned="ops.example")
    assert [each.domain for each in heard] == ["ops.example", "ops.example"]


def test_a_text_from_outside_may_be_as_long_as_it_likes() -> None:
    heard = Heard()
    Reporter(heard, "w", lambda: "d").tell(catalogue.EXPORTER_BLOCKED, "x" * 100_000, {"logboom.reason": "y" * 100_000})
    assert len(heard) == 1
