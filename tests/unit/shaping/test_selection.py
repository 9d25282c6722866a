"""`select`: which records an exporter gets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from collector.component import Context
from collector.levels import SQL
from collector.levels import level as level_of
from collector.shaping.config import SelectConfig
from collector.shaping.selection import Selection, levels
from collector.testing.row_batch import Row, batch_of
from collector.testing.text_batch import text_batch
from collector.testing.work import FakeWork
from processors.triage.config import TriageConfig
from processors.triage.processor import Triage


def kept(batch, **options):
    """Positions that the options keep."""
    return Selection(SelectConfig.model_validate(options)).keep(batch).arg_true().to_list()


def row(severity=9, **attributes):
    return Row(
        "id",
        [(key.replace("_", "."), value) for key, value in attributes.items()],
        fields={"severity_number": severity},
    )


def level(name, severity=9):
    return Row("id", [("logboom.triage.level", name)], fields={"severity_number": severity})


def test_without_a_level_the_severity_means_what_triage_says():
    """For every severity, with and without an exception, the same as the rules that stand last in triage."""
    rows = [
        Row("id", [("logboom.error_type", kind)] if kind else [], fields={"severity_number": number})
        for number, kind in product([-1, *range(26)], [None, "exception", "error", "none"])
    ]
    batch = batch_of(rows)
    judged = Triage(TriageConfig(rule_set="none"), Context("triage", Path())).process(batch, FakeWork())
    assert levels(batch).to_list() == judged.attribute("logboom.triage.level").to_list()
    assert set(levels(batch)) == {"critical", "warning", "info", "debug"}


def test_a_store_says_the_same_of_its_rows():
    """`tail`, retention and the view of KV read the level in SQL or from columns: one answer."""
    kinds = product([None, -1, *range(26)], [None, "exception", "error"], [None, "debug", "critical", "CRITICAL", ""])
    stored = [dict(zip(("severity_number", "error_type", "triage_level"), kind, strict=True)) for kind in kinds]
    frame = pl.DataFrame(
        stored, schema={"severity_number": pl.Int32, "error_type": pl.String, "triage_level": pl.String}
    )
    answer = level_of(pl.col("triage_level"), pl.col("severity_number"), pl.col("error_type"))
    with closing(sqlite3.connect(":memory:")) as store:
        store.execute("CREATE TABLE logs (severity_number, error_type, triage_level)")
        store.executemany("INSERT INTO logs VALUES (:severity_number, :error_type, :triage_level)", stored)
        assert [row[0] for row in store.execute(f"SELECT {SQL} FROM logs")] == frame.select(
            answer
        ).to_series().to_list()


def test_the_level_of_triage_counts_where_there_is_one():
    """Whatever the severity says; what is no level of triage does not count."""
    batch = batch_of(
        [level("debug", 21), level("critical", 1), level("CRITICAL", 21), level("", 13), level(7, 5), row(9)]
    )
    assert levels(batch).to_list() == ["debug", "critical", "critical", "warning", "debug", "info"]
    assert kept(batch, levels=["critical"]) == [1, 2]
    assert kept(batch, levels=["debug", "info"]) == [0, 4, 5]


DOMAINS = ["tamyla.com", "example.com", "a.example.com", "b.a.example.com", "badexample.com", "A.Example.COM", "", None]


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        (["tamyla.com"], [0]),
        (["*.example.com"], [2, 3, 5]),
        (["example.com", "*.example.com"], [1, 2, 3, 5]),
        (["EXAMPLE.com"], [1]),
        (["a.*.com"], [2, 5]),
        (["*"], list(range(8))),
        (["e.ample.com", "[a-z]*", "tamyla.com$", "tamyla"], []),
    ],
)
def test_domains(domains, expected):
    """Exact or with `*`; case is ignored; nothing else in a name has a meaning; a record of no domain has no name."""
    assert kept(text_batch(["x"] * len(DOMAINS), DOMAINS), domains=domains) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (['attributes["status"] >= 500'], [1]),
        (['attributes["status"] >= 500', 'IsMatch(body, "denied")'], [1, 2]),
        (["severity_number >= SEVERITY_NUMBER_ERROR"], [3]),
        (['IsMatch(body, "denied")', "true"], [0, 1, 2, 3]),
        (["false"], []),
        (['Int(body) > Len(attributes["status"])'], []),
    ],
    ids=str,
)
def test_one_of_the_conditions_is_enough(conditions, expected):
    """They are OTTL, as in triage; an error while evaluating is a no."""
    batch = batch_of(
        [
            Row("a", [("status", 200)]),
            Row("b", [("status", 503)]),
            Row("c", fields={"body": "access denied"}),
            Row("d", fields={"severity_number": 17}),
        ]
    )
    assert kept(batch, conditions=conditions) == expected


def test_level_and_domain_and_condition_must_hold_together():
    """Each narrows what the others leave."""
    rows = [
        Row("id", fields={"severity_number": number, "domain": domain, "body": body})
        for number, domain, body in product([9, 17], ["a.com", "b.com"], ["x", "y"])
    ]
    asked = {"levels": ["warning"], "domains": ["b.com"], "conditions": ['body == "x"', 'body == "z"']}
    batch = batch_of(rows)
    assert kept(batch, **asked) == [6]
    assert kept(batch, **asked | {"domains": []}) == [4, 6]
    assert kept(batch, **asked | {"levels": []}) == [2, 6]
    assert kept(batch, **asked | {"conditions": []}) == [6, 7]
    assert kept(batch) == list(range(8))


def test_a_batch_of_nothing():
    """No records, whatever is asked."""
    asked = {"levels": ["info"], "domains": ["a"], "conditions": ['attributes["a"] == 1']}
    assert kept(text_batch([]), **asked) == []
