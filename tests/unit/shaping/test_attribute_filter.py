"""`attributes`: which attributes leave."""

from __future__ import annotations

import polars as pl
import pytest

from collector.shaping.attribute_filter import AttributeFilter
from collector.shaping.config import AttributesConfig
from collector.testing.row_batch import Row, batch_of

BATCH = batch_of(
    [
        Row(
            "1",
            [("http.route", "/a"), ("user", "x"), ("user", "y")],
            [("service.name", "s"), ("host.ip", "1")],
            ("n", "v", [("lib", 1)]),
        ),
        Row("2", [("user.id", 7)], [("host.ip", "2")]),
    ]
).with_attributes({"logboom.triage.level": pl.Series(["info", None]), "user.role": pl.Series([None, "admin"])})


def left(**options):
    """(derived, record, resource, scope) names that remain, in order, repeats included."""
    batch = AttributeFilter(AttributesConfig.model_validate(options)).apply(BATCH)
    assert batch.records.equals(BATCH.records)
    tables = (batch.attributes, batch.resource_attributes, batch.scope_attributes)
    return batch.derived.columns, *(table["key"].to_list() for table in tables)


ALL = (
    ["logboom.triage.level", "user.role"],
    ["http.route", "user", "user", "user.id"],
    ["service.name", "host.ip", "host.ip"],
    ["lib"],
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"deny": ["nothing.like.it"]}, ALL),
        ({"allow": ["*"]}, ALL),
        ({"deny": ["user"]}, (ALL[0], ["http.route", "user.id"], ALL[2], ALL[3])),
        ({"deny": ["user*"]}, (["logboom.triage.level"], ["http.route"], ALL[2], ALL[3])),
        ({"deny": ["USER*", "h.*"]}, ALL),
        ({"deny": ["host.ip", "lib"]}, (ALL[0], ALL[1], ["service.name"], [])),
        ({"allow": ["user.*", "service.name"]}, (["user.role"], ["user.id"], ["service.name"], [])),
        ({"allow": ["logboom.*", "user*"], "deny": ["user"]}, (ALL[0], ["user.id"], [], [])),
        ({"allow": ["*"], "deny": ["*"]}, ([], [], [], [])),
    ],
    ids=str,
)
def test_names(options, expected):
    """The same lists for record, resource and scope; `deny` wins; case counts; a repeated key goes as a whole."""
    assert left(**options) == expected


def test_owners_of_the_rest_stay():
    """An attribute belongs to the same record, and has the same value, as before."""
    batch = AttributeFilter(AttributesConfig(deny=["http.route", "user"])).apply(BATCH)
    assert batch.attribute_text("user.id").to_list() == [None, "7"]
    assert batch.resource_attribute("host.ip").to_list() == ["1", "2"]
    assert batch.attribute("logboom.triage.level").to_list() == ["info", None]
