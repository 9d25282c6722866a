"""What the program says of itself leads: how far a rule may go from the severity of a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.component import Context
from collector.samples import batch_of
from collector.severity_words import WORDS, number_of, says_critical
from collector.testing.work import FakeWork
from processors.triage.catalogue import shipped
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage

LEVEL, ACTION = "logboom.triage.level", "logboom.triage.action"


def judged(record: dict[str, Any], **config: Any) -> tuple[str, str]:
    """Level and action that triage gives to a record."""
    triage = Triage(TriageConfig.model_validate(config), Context("triage", Path()))
    batch = triage.process(batch_of([record]), FakeWork())
    return batch.attribute(LEVEL)[0], batch.attribute(ACTION)[0]


REFUSED = "connect ECONNREFUSED 10.0.0.5:6379"


@pytest.mark.parametrize(
    ("record", "level", "action"),
    [
        ({"body": REFUSED, "severity": "WARN"}, "warning", "escalate"),
        ({"body": REFUSED, "severity": 16}, "warning", "escalate"),
        ({"body": REFUSED, "severity": "ERROR"}, "critical", "alert"),
        ({"body": REFUSED, "severity": 0}, "critical", "alert"),
        ({"body": REFUSED + ", retrying in 2 s", "severity": 0}, "warning", "escalate"),
        ({"body": "java.lang.OutOfMemoryError: Java heap space", "severity": "WARN"}, "critical", "alert"),
        ({"body": "broken pipe", "severity": "ERROR"}, "debug", "aggregate"),
        ({"body": "broken pipe", "severity": "FATAL"}, "critical", "alert"),
        ({"body": "broken pipe", "severity": 18}, "critical", "alert"),
        ({"body": "x", "severity": "ERROR", "severity_text": "CRITICAL"}, "critical", "alert"),
        ({"body": "x", "severity": "ERROR", "severity_text": "Critique"}, "critical", "alert"),
        ({"body": "x", "severity": "ERROR", "severity_text": "ERROR"}, "warning", "escalate"),
        ({"body": "x", "severity": "ERROR", "severity_text": "1"}, "warning", "escalate"),
    ],
)
def test_shipped_rules_stay_within_what_the_record_says(record: dict[str, Any], level: str, action: str) -> None:
    assert judged(record) == (level, action)


@pytest.mark.parametrize(
    ("rule", "record", "level"),
    [
        ({"level": "critical"}, {"body": "x", "severity": "INFO"}, "critical"),
        ({"level": "critical", "bounded": True}, {"body": "x", "severity": "INFO"}, "warning"),
        ({"level": "debug"}, {"body": "x", "severity": "FATAL"}, "debug"),
        ({"level": "debug", "bounded": True}, {"body": "x", "severity": "FATAL"}, "critical"),
        ({"level": "info", "bounded": True}, {"body": "x", "severity": "WARN"}, "info"),
    ],
)
def test_own_rules_are_free_unless_they_say_otherwise(rule: dict[str, Any], record: dict[str, Any], level: str) -> None:
    assert judged(record, rules=[{"id": "own/x", "when": 'body == "x"', **rule}])[0] == level


def test_the_set_before_judges_as_it_did() -> None:
    """A published set is not edited, and a new notion does not reach into it."""
    assert judged({"body": REFUSED, "severity": "WARN"}, rule_set="2026-11-01")[0] == "critical"


def test_what_is_not_bounded_is_known() -> None:
    """Each rule that may make a record critical that says less than ERROR is a decision."""
    free = {rule.id for rule in shipped("latest") if not rule.bounded and rule.count is None}
    assert free == {
        "security/path-traversal",
        "security/sql-injection",
        "security/script-injection",
        "security/privilege-escalation",
        "security/malware",
        "security/secret-exposed",
        "crash/out-of-memory",
        "crash/segfault",
        "crash/crash-loop",
        "crash/panic",
        "crash/uncaught",
        "crash/process-exit",
        "data/corruption",
        "data/dropped",
        "data/message-lost",
        "data/replication-broken",
        "data/backup-failed",
        "dependency/circuit-open",
        "dependency/proxy-upstream",
        "dependency/pool-starved",
        "operations/image-pull",
        "operations/hardware",
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("CRITICAL", 18),
        ("crit", 18),
        ("<Crit>", 18),
        ("LOG_EMERG", 21),
        ("SEVERITY_NUMBER_ERROR2", 18),
        ("SEVERITY_NUMBER_ERROR", 17),
        ("error3", 19),
        ("ERROR+1", 18),
        ("FEHLER", 17),
        ("ERREUR", 17),
        ("\u9519\u8bef", 17),
        ("\uff25\uff32\uff32\uff2f\uff32", 17),  # full width
        ("Warnung", 13),
        ("17", 17),
        ("3", 17),
        ("0", 21),
        ("50", 17),
        ("99", None),
        ("", None),
        ("blue", None),
        ("trace5", None),
    ],
)
def test_words_of_severities(text: str, number: int | None) -> None:
    assert number_of(text) == number


def test_only_words_say_critical() -> None:
    """Never a number beside the record's own; every word of the table from 18 on does."""
    assert not any(map(says_critical, ("18", "21", "2", "error", "critical path", "")))
    assert all(says_critical(word) for word, number in WORDS.items() if number >= 18)
