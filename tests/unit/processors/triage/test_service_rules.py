"""What logboom tells of itself is judged by rules of its own; a record that was sent never is, whatever it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, concat
from collector.component import Context
from collector.control.catalogue import SERVICE_EVENTS
from collector.control.page import told
from collector.reserved import PIPELINE
from collector.samples import batch_of, batch_of_json
from collector.testing.work import FakeWork
from processors.triage.catalogue import shipped
from processors.triage.config import SERVICE, Rule, TriageConfig
from processors.triage.examples import broken_example
from processors.triage.processor import LEVEL, RULE, Triage

README = Path(__file__).parents[4] / "processors" / "triage" / "README.md"
BEGIN, END = "<!-- service -->", "<!-- /service -->"


def judge(**options: Any) -> Triage:
    config = TriageConfig.model_validate(options).for_service()
    return Triage(config, Context("triage", Path(), PIPELINE))


def examples() -> LogBatch:
    """Each event of the catalogue, as the operator is told it."""
    return concat([batch_of_json(told(event)[0].otlp_json()) for event in SERVICE_EVENTS.values()])


def table() -> str:
    batch = judge().process(examples(), FakeWork())
    rows = zip(batch.column("event_name"), batch.attribute(LEVEL), batch.attribute(RULE), strict=True)
    lines = [
        f"| `{name.removeprefix('logboom.service.')}` | {level} | `{rule}` |" for name, level, rule in sorted(rows)
    ]
    return "\n".join(["| event, as its example tells it | level | rule |", "| --- | --- | --- |", *lines])


@pytest.mark.parametrize("rule", shipped(SERVICE), ids=lambda rule: rule.id)
def test_a_rule_holds_its_examples(rule: Rule) -> None:
    assert broken_example(rule) is None
    assert rule.title
    assert rule.why
    assert rule.suggestion
    assert rule.tests.match


def test_each_event_of_the_catalogue_has_a_level_and_the_readme_shows_it() -> None:
    shown = README.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == table(), f"the table between {BEGIN} and {END} is:\n{table()}"


def test_own_rules_go_first_and_shipped_ones_can_be_left_out() -> None:
    own = {"id": "ours/expiring", "when": 'event_name == "logboom.service.key.expiring"', "level": "critical"}
    batch = judge(service_events={"rules": [own], "disable": ["service/key-exposed"]}).process(examples(), FakeWork())
    found = dict(zip(batch.column("event_name"), batch.attribute(RULE), strict=True))
    assert found["logboom.service.key.expiring"] == "ours/expiring"
    assert found["logboom.service.key.exposed"] == "service/warning"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"disable": ["security/brute-force"]}, "there is no such rule"),
        ({"rules": [{"id": "a", "when": "true", "level": "info"}] * 2}, "have the id 'a'"),
        ({"rules": [{"id": "a", "when": "true", "level": "info", "count": {"more_than": 1}}]}, "told with a count"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TriageConfig.model_validate({"service_events": options})


def test_records_that_were_sent_are_judged_by_the_other_rules_alone() -> None:
    """In its own pipelines triage sees no events, and has none of these rules."""
    plain = Triage(TriageConfig(), Context("triage", Path(), "logs"))
    assert plain.takes_events == ()
    assert judge().takes_events == ("logboom.service.*",)
    sent = batch_of([{"body": "x", "severity": "INFO", "event_name": "logboom.service.key.exposed"}])
    assert plain.process(sent, FakeWork()).attribute(RULE).to_list() == ["severity/info"]
