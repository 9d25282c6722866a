"""The verdict: what changed and what probably caused it, with the evidence and its counts. What is not sure is not said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from collector.causes.cause import Cause, Finding, Suspect
from collector.causes.contrast import contrast, grouped
from collector.causes.deployed import Blamed, Deployed, blamed, first_seen
from collector.causes.frame import FIELDS
from collector.causes.measures import moved
from collector.causes.onset import Window
from collector.causes.ranking import ranked
from collector.causes.sentences import of_deployment, of_measure, of_patterns, of_service, of_values
from collector.causes.words import FEWEST, PREFIX

SURE = 0.5
"""From this confidence on a cause is told; below it there is what changed, and no cause."""
_MOST_FINDINGS, _MOST_SUSPECTS = 8, 5
_FEWEST_ERRORS = 3
_COVERED = 0.8


def judge(
    window: Window,
    every: pl.DataFrame,
    failing: pl.Series,
    baseline: pl.DataFrame,
    deployments: Sequence[Deployed] = (),
    measures: Sequence[str] = (),
    words: Sequence[str] = (),
) -> Cause:
    """What probably caused a fault.

    Args:
        window: from its onset on.
        every: all records of the window; frames have the columns of `frame`, and `measures`.
        failing: which of them show the fault.
        baseline: records from before, or of other days at this time.
        deployments: those that were marked; new versions in the records are seen besides.
        measures: numeric columns of the frames.
        words: columns with words that only some records say (`words`).
    """
    fault, others = every.filter(failing), every.filter(~failing)
    suspects, told = _suspects(baseline, every) if baseline.height else ([], pl.DataFrame())
    findings = [
        *_deployments(window, fault, every, baseline, deployments), *_values(fault, others, baseline, words),
        *_patterns(every, baseline), *_measures(fault if fault.height else every, baseline if baseline.height else others, measures),
    ]  # fmt: skip
    if suspects and (sure := _confidence(told)) > 0:
        first = suspects[0]
        findings.append(Finding("service", first.sentence, sure, {"service.name": first.service}, dict(first.parts)))
    findings.sort(key=lambda one: -one.confidence)
    cause = next((one for one in findings if one.kind in _CAUSES and one.confidence >= SURE), None)
    return Cause(
        window, cause.sentence if cause else "", cause.confidence if cause else 0.0,
        suspects, findings[:_MOST_FINDINGS], fault.height,
    )  # fmt: skip


_CAUSES = frozenset({"deployment", "values", "service"})


def _suspects(baseline: pl.DataFrame, every: pl.DataFrame) -> tuple[list[Suspect], pl.DataFrame]:
    table = ranked(baseline, every).filter(pl.col("score") > 0)
    rows = table.head(_MOST_SUSPECTS).iter_rows(named=True)
    names = ("moved", "entries", "slowed", "failing")
    found = [
        Suspect(row["service"], row["score"], of_service(row), {name: row[name] for name in names}) for row in rows
    ]
    return found, table


def _confidence(table: pl.DataFrame) -> float:
    """How far the first service stands out: an effect of half of its requests at least, and none near it."""
    scores = [*table.get_column("score").head(2).to_list(), 0.0]
    return min(1.0, scores[0]) * (1.0 - scores[1] / scores[0] * 0.6) if scores[0] else 0.0


def _deployments(
    window: Window, failing: pl.DataFrame, every: pl.DataFrame, baseline: pl.DataFrame, marked: Sequence[Deployed]
) -> list[Finding]:
    said = {(one.service, one.version) for one in marked}
    seen = first_seen(pl.concat([baseline, every], how="diagonal")) if failing.height else []
    news = [one for one in seen if (one.service, one.version) not in said]
    found = blamed([*marked, *news], window.since, failing, every)
    return [_of_deployment(one, window) for one in found[:2]]


def _of_deployment(one: Blamed, window: Window) -> Finding:
    at = one.deployed
    subject = {"service.name": at.service, "service.version": at.version, "deployment.environment.name": at.environment}
    counts = {"failed": one.failed, "failures": one.failures, "traffic": one.traffic, "p": one.p}
    counts["minutes"] = (window.since - at.since) / 6e10
    return Finding("deployment", of_deployment(one, window), one.confidence, subject, counts)


def _values(failing: pl.DataFrame, others: pl.DataFrame, baseline: pl.DataFrame, words: Sequence[str]) -> list[Finding]:
    """Where the failing records are, and others are not; and what they alone say."""
    if failing.height < _FEWEST_ERRORS or not others.height + baseline.height:
        return []
    found = contrast(failing, others, ["service", *FIELDS]) if others.height else contrast(failing, others, ())
    said = [_of_words(failing, pl.concat([others, baseline], how="diagonal"), name) for name in words]
    found = pl.concat([found, *said]).sort(["score", "field", "value"], descending=[True, False, False])
    rows = list(found.iter_rows(named=True))
    return [_of_values([rows[at] for at in group]) for group in grouped(found, failing)][:4]


def _of_words(failing: pl.DataFrame, others: pl.DataFrame, name: str) -> pl.DataFrame:
    """Among the records that say such a word at all: most of those that fail, and enough others."""
    if name not in failing.columns or name not in others.columns:
        return contrast(failing, others, ())
    saying, rest = failing.drop_nulls(name), others.drop_nulls(name)
    enough = saying.height >= max(_FEWEST_ERRORS, _COVERED * failing.height) and rest.height >= FEWEST
    return contrast(saying, rest, [name] if enough else ())


_TELLS_PLACE = frozenset({"service.version", "host.name", "k8s.pod.name", "k8s.node.name", "cloud.region",
                          "cloud.availability_zone", "feature_flag.key", "server.address", "container.image.tag"})  # fmt: skip
"""Fields of which one value among several, where all errors are, is a cause; others (its type, its component) say what it is."""


def _of_values(group: Sequence[Mapping[str, object]]) -> Finding:
    first = group[0]
    share, before = float(str(first["share"])), float(str(first["share_before"]))
    telling = any(one["field"] in _TELLS_PLACE for one in group)
    sure = (0.9 if telling else 0.45) * share * (1 - before) if before > 0 or not telling else 0.5 * share
    group = [{**one, "field": str(one["field"]).removeprefix(PREFIX)} for one in group]
    subject = {str(one["field"]): str(one["value"]) for one in group}
    counts = {name: float(str(first[name])) for name in ("a", "of_a", "b", "of_b", "lift", "p")}
    return Finding("values", of_values(group), sure, subject, counts)


def _patterns(every: pl.DataFrame, baseline: pl.DataFrame) -> list[Finding]:
    """Places that are new, or not passed any more."""
    if not baseline.height or not every.height:
        return []
    new = _only(every, baseline)
    gone = _only(baseline, every)
    told = [("new", *row) for row in new.iter_rows()] + [("gone", *row) for row in gone.iter_rows()]
    return [
        Finding("pattern", of_patterns(how, place, service, n, text), 0.4 if how == "new" else 0.35,
                {"place": place, "service.name": service}, {"n": n})
        for how, service, place, n, text in told
    ]  # fmt: skip


def _only(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    counted = one.group_by("service", "place", maintain_order=True).agg(n=pl.len(), text=pl.col("text").first())
    lone = counted.join(other.select("service", "place").unique(), on=["service", "place"], how="anti")
    expected = 10 * max(1.0, one.height / max(1, other.height))
    return lone.filter(pl.col("n") >= expected).sort(["n", "place"], descending=[True, False]).head(2)


def _measures(now: pl.DataFrame, before: pl.DataFrame, names: Sequence[str]) -> list[Finding]:
    return [
        Finding("measure", of_measure(one), 0.4 * one.apart, {"field": one.field},
                {"before": one.before, "now": one.now, "ratio": one.ratio, "p": one.p})
        for one in moved(now, before, names)[:3]
    ]  # fmt: skip
