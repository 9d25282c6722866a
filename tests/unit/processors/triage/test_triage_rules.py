"""Rules: the shipped ones hold their examples, users extend and override them, broken ones are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from collector.batch import LogBatch, concat
from collector.component import Context
from collector.ottl import compile_condition
from collector.ottl.together.expressions import Expressions
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.triage.catalogue import ordered, shipped
from processors.triage.config import Rule, TriageConfig
from processors.triage.examples import broken_example
from processors.triage.judge import Judge, judge_of
from processors.triage.processor import ACTION, LEVEL, RULE, Triage

CORPUS = Path(__file__).parents[3] / "corpus" / "records"


def triage(**options: Any) -> Triage:
    return Triage(TriageConfig.model_validate(options), Context("triage", Path()))


def judged(
    processor: Triage, *samples: dict[str, Any], domain: str = "default", work: FakeWork | None = None
) -> LogBatch:
    return processor.process(batch_of(samples, domain), work or FakeWork())


def corpus_batch() -> LogBatch:
    samples = [
        {key: value for key, value in record.items() if key != "expect"}
        for path in sorted(CORPUS.glob("*.yaml"))
        for system in yaml.safe_load(path.read_text("utf-8"))
        for record in system["records"]
    ]
    return batch_of(samples)


@pytest.mark.parametrize("rule", shipped("latest"), ids=lambda rule: rule.id)
def test_a_shipped_rule_compiles_and_holds_its_examples(rule: Rule) -> None:
    assert broken_example(rule) is None
    assert rule.title
    if not rule.id.startswith("severity/"):
        assert rule.tests.match
        assert rule.tests.miss
        assert rule.why
        assert rule.suggestion


def test_there_are_enough_rules_with_ids_of_their_own() -> None:
    ids = [rule.id for rule in shipped("latest")]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 60


LEVELS = [
    ("FATAL", {}, "critical", "alert", "severity/fatal"),
    ("ERROR", {"logboom.error_type": "exception"}, "critical", "alert", "severity/error-exception"),
    ("ERROR", {}, "warning", "escalate", "severity/error"),
    ("WARN", {}, "warning", "escalate", "severity/warn"),
    ("INFO", {}, "info", "aggregate", "severity/info"),
    ("DEBUG", {}, "debug", "aggregate", "severity/debug"),
    (0, {}, "info", "aggregate", "severity/unspecified"),
]


@pytest.mark.parametrize(("severity", "attributes", "level", "action", "rule"), LEVELS)
def test_without_another_rule_the_severity_decides(
    severity: str | int, attributes: dict[str, Any], level: str, action: str, rule: str
) -> None:
    batch = judged(triage(), {"body": "x", "severity": severity, "attributes": attributes})
    assert [batch.attribute(key)[0] for key in (LEVEL, ACTION, RULE)] == [level, action, rule]


@pytest.mark.slow
def test_the_engine_decides_like_each_condition_on_its_own() -> None:
    """Distinct values, memory and gates are only a faster way to the same answer."""
    batch = corpus_batch()
    batch = concat([batch, batch])
    config = TriageConfig()
    judge = Judge(ordered(config))
    found = dict(judge.matches(batch))
    for position, compiled in enumerate(judge.rules):
        alone = compile_condition(compiled.placed.rule.when).matches(batch).to_list()
        together = found[position].tolist() if position in found else [False] * len(batch)
        assert together == alone, compiled.placed.rule.id


def test_records_are_neither_lost_nor_reordered() -> None:
    batch = corpus_batch()
    assert triage().process(batch, FakeWork()).records.equals(batch.records)


OWN = {"id": "own/quiet", "when": 'IsMatch(body, "^noisy")', "level": "debug"}


def test_an_own_rule_goes_before_the_shipped_ones() -> None:
    batch = judged(triage(rules=[OWN]), {"body": "noisy: no space left on device", "severity": "ERROR"})
    assert batch.attribute(RULE)[0] == "own/quiet"


def test_an_own_rule_with_a_shipped_id_takes_that_place() -> None:
    own = {
        "id": "resources/disk-full",
        "when": 'IsMatch(body, "no space left")',
        "level": "warning",
        "action": "ticket",
    }
    batch = judged(triage(rules=[own]), {"body": "no space left on device", "severity": "ERROR"})
    assert [batch.attribute(key)[0] for key in (LEVEL, ACTION, RULE)] == ["warning", "ticket", "resources/disk-full"]


def test_rules_of_a_domain_hold_there_alone() -> None:
    processor = triage(domains={"tamyla.com": {"rules": [OWN], "disable": ["resources/"]}})
    sample = {"body": "noisy: no space left on device", "severity": "ERROR"}
    full = {"body": "no space left on device", "severity": "ERROR"}
    assert judged(processor, sample, full, domain="tamyla.com").attribute(RULE).to_list() == [
        "own/quiet",
        "severity/error",
    ]
    assert judged(processor, sample, full).attribute(RULE).to_list() == ["resources/disk-full"] * 2


def test_a_disabled_rule_leaves_the_record_to_the_next() -> None:
    batch = judged(triage(disable=["resources/disk-full"]), {"body": "no space left on device", "severity": "ERROR"})
    assert batch.attribute(RULE)[0] == "severity/error"


def test_no_shipped_rules_but_those_of_severity() -> None:
    batch = judged(triage(rule_set="none"), {"body": "no space left on device", "severity": "ERROR"})
    assert batch.attribute(RULE)[0] == "severity/error"


REFUSED = [
    ({"rules": [{**OWN, "when": "bdy == 1"}]}, "did you mean body? (line 1, column 1 of the condition)"),
    ({"rules": [{**OWN, "when": 'IsMatch(body, "(?<=a)b")'}]}, "look-around"),
    ({"rules": [OWN, OWN]}, "two rules of rules have the id 'own/quiet'"),
    ({"rules": [{**OWN, "level": "panic"}]}, "'critical', 'warning', 'info' or 'debug'"),
    ({"rules": [{**OWN, "tests": {"match": ["quiet"]}}]}, "must match, but does not: 'quiet'"),
    ({"rules": [{**OWN, "tests": {"miss": ["noisy"]}}]}, "must not match, but does: 'noisy'"),
    ({"rules": [{**OWN, "tests": {"match": [{"bdy": "noisy"}]}}]}, "no field 'bdy'"),
    ({"rules": [{**OWN, "tests": {"match": [{"body": "noisy", "severity": "EROR"}]}}]}, "unknown severity"),
    ({"rules": [{**OWN, "id": "Own Rule"}]}, "id"),
    ({"disable": ["resources/disk-ful"]}, "did you mean resources/disk-full?"),
    ({"disable": ["severity/info"]}, "cannot be disabled"),
    ({"rule_set": "2001-01-01"}, "there is no rule set '2001-01-01'"),
    ({"domains": {"a": {"rules": [{**OWN, "when": "body =="}]}}}, "ends too early"),
    ({"rules": [{**OWN, "count": {"more_than": 0}}]}, "greater than or equal to 1"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_broken_configuration_is_refused_with_its_reason(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TriageConfig.model_validate(options)
    assert reason in str(refused.value)


COUNTING = {
    "id": "own/burst",
    "when": 'IsMatch(body, "login failed")',
    "level": "critical",
    "count": {"more_than": 3, "within": "10m", "per": ["domain", "user"]},
}


def _failures(user: str, times: int) -> list[dict[str, Any]]:
    return [{"body": "login failed", "severity": "INFO", "attributes": {"user": user}}] * times


def test_a_counting_rule_decides_only_above_its_number_and_per_group() -> None:
    processor = triage(rules=[COUNTING], rule_set="none")
    batch = judged(processor, *_failures("ann", 3), *_failures("bob", 4))
    assert batch.attribute(RULE).to_list() == ["severity/info"] * 3 + ["own/burst"] * 4


def test_counts_live_in_the_state_and_end_with_their_time() -> None:
    processor, work = triage(rules=[COUNTING], rule_set="none"), FakeWork()
    minute = 60_000_000_000
    judged(processor, *_failures("ann", 3), work=work)
    work.now_unix_nano += 5 * minute
    assert judged(processor, *_failures("ann", 1), work=work).attribute(RULE).to_list() == ["own/burst"]
    again = triage(rules=[COUNTING], rule_set="none")  # another process with the committed state
    assert judged(again, *_failures("ann", 1), work=work).attribute(RULE).to_list() == ["own/burst"]
    work.now_unix_nano += 30 * minute
    assert judged(again, *_failures("ann", 1), work=work).attribute(RULE).to_list() == ["severity/info"]
    assert work.run_due(again) == 1, "the domain may stay silent for ever"
    assert len(work.state("default").values) == 1
    work.now_unix_nano += 30 * minute
    assert work.run_due(again) == 1
    assert work.state("default").values == {}
    assert not work.timers


def test_a_group_of_any_length_can_be_counted() -> None:
    """Keys of the state are bounded; a value that a sender makes long must not make its record fail."""
    rule = {"id": "own/long", "when": "true", "level": "critical", "count": {"more_than": 1, "per": ["user"]}}
    processor, work = triage(rules=[rule]), FakeWork()
    long = [{"body": "x", "attributes": {"user": "u" * 5000 + end}} for end in ("a", "b", "a")]
    rules = judged(processor, *long, work=work).attribute(RULE).to_list()
    assert [decided == "own/long" for decided in rules] == [True, False, True]
    assert max(map(len, work.state("default").values)) < 400


def test_explain_names_every_rule_that_matches_and_the_one_that_decides() -> None:
    verdicts = triage().explain(batch_of([{"body": "no space left on device", "severity": "ERROR"}]))
    assert [verdict.because for verdict in verdicts if verdict.decides] == ["rule resources/disk-full"]
    assert "rule severity/error" in [verdict.because for verdict in verdicts]
    assert verdicts[0].details["suggestion"]


def test_expressions_mean_what_re2_means() -> None:
    """Not what the engine behind polars means: `\\w` and `\\b` are ASCII, letters fold as in Unicode."""
    expressions = Expressions([r"(?i)größe", r"^\w+$", r"a\b", r"no .{0,3} here", r"\d{3}"])
    texts = ["GRÖSSE Größe", "größe", "aß", "no way here", "x404", ""]
    found = expressions.matching([text.encode() for text in texts])
    assert found == [(0,), (0,), (2,), (3,), (1, 4), ()]


def test_hostile_text_costs_no_more_than_its_length() -> None:
    """Every expression is tried on text full of their words; the number of steps is linear, so this ends."""
    words = [word for rule in shipped("latest") for word in re.findall(r"[A-Za-z]{4,}", rule.when)]
    hostile = " ".join(words * 20)
    assert len(hostile) > 200_000
    batch = judged(triage(), {"body": hostile, "severity": "ERROR"}, {"body": "a" * 200_000, "severity": "ERROR"})
    assert batch.attribute(LEVEL).null_count() == 0


@pytest.mark.slow
def test_answers_of_values_seen_before_are_the_same() -> None:
    """The same processor, batch after batch, as one that never saw anything."""
    batch, warm = corpus_batch(), triage()
    for part in (batch, batch.slice(100, 50), batch.slice(0, 7), batch):
        columns = [LEVEL, ACTION, RULE]
        again = warm.process(part, FakeWork()).derived.select(columns)
        assert again.equals(triage().process(part, FakeWork()).derived.select(columns))


def test_a_comparison_of_an_attribute_of_many_kinds() -> None:
    rule = {"id": "own/kinds", "when": 'attributes["n"] == 1 or attributes["n"] == "1"', "level": "critical"}
    values: list[Any] = [1, "1", 1.0, True, "x", None, 2] * 50
    batch = judged(triage(rules=[rule]), *({"body": "b", "attributes": {"n": value}} for value in values))
    wanted = [True, True, True, False, False, False, False] * 50
    assert [decided == "own/kinds" for decided in batch.attribute(RULE).to_list()] == wanted


def test_rules_are_compiled_once_for_all_partitions() -> None:
    """Processors of one configuration share what is compiled, as long as one of them lives; those of others have their own."""
    config, other = TriageConfig(), TriageConfig(rule_set="none")
    assert judge_of(config) is not judge_of(other)
    judge = judge_of(config)
    assert judge_of(config) is judge
    assert len(judge.rules) > len(judge_of(other).rules)
