"""The shipped rules judge the bare line: what a rule says of its example, it says of the same line under any decoration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.config import CategorizeConfig
from processors.categorize.processor import Categorize
from processors.triage.catalogue import shipped
from processors.triage.config import TriageConfig
from processors.triage.processor import LEVEL, RULE, Triage

TIME = "2026-11-29T10:00:00.123456789Z"


def _docker(line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stderr", "time": TIME})


def _cri(line: str) -> str:
    return f"{TIME} stderr F {line}"


def _coloured(line: str) -> str:
    return " ".join(f"\x1b[1;31m{word}\x1b[0m" for word in line.split(" "))


DECORATIONS: dict[str, Callable[[str], str]] = {
    "colour": lambda line: f"\x1b[31m{line}\x1b[0m",
    "each word coloured": _coloured,
    "colours written out": lambda line: f"\\u001b[31m{line}\\u001b[39m",
    "Docker": _docker,
    "Docker, coloured": lambda line: _docker(_coloured(line)),
    "CRI": _cri,
    "Docker in CRI": lambda line: _cri(_docker(line)),
    "fluent-bit": lambda line: json.dumps(
        {"log": line, "kubernetes": {"pod_name": "shop-1", "container_name": "shop"}}
    ),
    "Vector": lambda line: json.dumps({"message": line, "stream": "stderr", "kubernetes": {"pod_name": "shop-1"}}),
    "GELF": lambda line: json.dumps({"version": "1.1", "host": "web1", "short_message": line, "level": 6}),
    "GELF, a full message": lambda line: json.dumps({"host": "web1", "short_message": line[:8], "full_message": line}),
    "loguru": lambda line: json.dumps(
        {"text": line + "\n", "record": {"name": "shop", "level": {"name": "INFO", "no": 20}}}
    ),
    "journald": lambda line: json.dumps(
        {"MESSAGE": line, "PRIORITY": "6", "SYSLOG_IDENTIFIER": "shop", "_SYSTEMD_UNIT": "shop.service"}
    ),
    "pino": lambda line: json.dumps({"level": 30, "time": 1796000000000, "pid": 7, "hostname": "web1", "msg": line}),
    "logstash": lambda line: json.dumps({"@version": "1", "message": line, "thread_name": "main", "level": "INFO"}),
    "Monolog": lambda line: json.dumps({"message": line, "level": 200, "level_name": "INFO"}).replace("/", "\\/"),
    "structlog": lambda line: json.dumps({"event": line, "level": "info"}),
    "logfmt": lambda line: f"time={TIME} level=info msg={json.dumps(line)} tenant=7",
}

LEVELLED = ("GELF", "loguru", "journald", "pino", "logstash", "Monolog", "structlog", "logfmt")
"""Envelopes and loggers that name a level, here INFO: categorize gives it to an example that names no severity."""


def examples() -> list[tuple[str, dict[str, Any]]]:
    """The examples of all rules whose body is a text, matches and misses."""
    found = []
    for rule in shipped("latest"):
        for example in (*rule.tests.match, *rule.tests.miss):
            record = {"body": example, "severity": "ERROR"} if isinstance(example, str) else example
            if isinstance(record.get("body"), str):
                found.append((rule.id, record))
    return found


def judged(samples: list[dict[str, Any]], *, categorized: bool) -> LogBatch:
    batch = batch_of(samples)
    if categorized:
        batch = Categorize(CategorizeConfig(), Context("categorize", Path())).process(batch, FakeWork())
    return Triage(TriageConfig(), Context("triage", Path())).process(batch, FakeWork())


def verdicts(samples: list[dict[str, Any]], *, categorized: bool) -> list[tuple[str, str]]:
    batch = judged(samples, categorized=categorized)
    return list(zip(batch.attribute(RULE).to_list(), batch.attribute(LEVEL).to_list(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("categorized", [False, True], ids=["triage alone", "behind categorize"])
@pytest.mark.parametrize("decoration", DECORATIONS)
def test_an_example_is_judged_alike_under_decoration(decoration: str, *, categorized: bool) -> None:
    cases = examples()
    said = "INFO" if decoration in LEVELLED and categorized else 0
    plain = [{**record, "severity": record.get("severity") or said} for _, record in cases]
    assert len(plain) > 200
    wrapped = [{**record, "body": DECORATIONS[decoration](record["body"])} for _, record in cases]
    wanted = verdicts(plain, categorized=categorized)
    got = verdicts(wrapped, categorized=categorized)
    wrong = [
        (rule, record["body"], one, other)
        for (rule, record), one, other in zip(cases, wanted, got, strict=True)
        if one != other
    ]
    assert wrong == []


OWN = {"id": "own/start", "level": "critical"}


@pytest.mark.parametrize(
    ("when", "decides"),
    [
        ('IsMatch(body, "^disk 7 is slow$")', [True, False, False]),
        ('IsMatch(body.line, "^disk 7 is slow$")', [True, True, True]),
        ('IsMatch(body, "stream")', [False, False, True]),
        ('IsMatch(body.line, "stream")', [False, False, False]),
        ('body.line == "disk 7 is slow"', [True, True, True]),
        ('HasPrefix(body.line, "disk")', [True, True, True]),
    ],
)
def test_a_rule_of_a_user_says_which_of_the_two_it_reads(when: str, decides: list[bool]) -> None:
    line = "disk 7 is slow"
    bodies = [{"body": line}, {"body": f"\x1b[33m{line}\x1b[0m"}, {"body": _docker(line)}]
    rules = Triage(TriageConfig.model_validate({"rules": [{**OWN, "when": when}]}), Context("triage", Path()))
    batch = rules.process(batch_of(bodies), FakeWork())
    assert [rule == OWN["id"] for rule in batch.attribute(RULE).to_list()] == decides
    assert batch.column("body").to_list() == [record["body"] for record in bodies]


def test_a_published_set_judges_as_it_did() -> None:
    """The set of the release before read the body as sent: levels change when an operator chooses another set."""
    rules = [rule.when for rule in shipped("2026-11-01")]
    assert not any("body.line" in when for when in rules)
