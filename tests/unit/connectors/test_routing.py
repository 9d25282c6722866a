"""The Collector's table: which record goes where, what is taken out of it, and what the rest comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, ValueKind, concat
from collector.component import Context
from collector.connectors.routing.config import RoutingConfig
from collector.connectors.routing.connector import Routing
from collector.samples import batch_of
from collector.testing.work import FakeWork

ALL = ["logs/a", "logs/b", "logs/rest"]
RECORDS: list[dict[str, Any]] = [
    {
        "body": "east",
        "severity": "INFO",
        "attributes": {"region": "east", "n": 1},
        "resource": {"env": "prod", "x": "1"},
    },
    {"body": "west", "severity": "ERROR", "attributes": {"region": "west", "secret": "s"}, "resource": {"env": "dev"}},
    {"body": "none", "severity": "DEBUG", "attributes": {}, "resource": {"env": "prod", "x": "2"}},
]


def batch() -> LogBatch:
    """Of two domains: the last is of b.example."""
    return concat([batch_of(RECORDS[:2], "a.example"), batch_of(RECORDS[2:], "b.example")])


def routed(table: list[dict[str, Any]], **options: Any) -> tuple[dict[str, LogBatch], FakeWork]:
    config = RoutingConfig.model_validate({"table": table, **options})
    work = FakeWork()
    connector = Routing(config, Context("routing", Path(), targets=ALL))
    return {name: given for name, given in connector.connect(batch(), work).items() if len(given)}, work


def bodies(table: list[dict[str, Any]], **options: Any) -> dict[str, list[str]]:
    return {name: given.column("body").to_list() for name, given in routed(table, **options)[0].items()}


EAST = {"context": "log", "condition": 'attributes["region"] == "east"', "pipelines": ["logs/a"]}
PROD = {"condition": 'attributes["env"] == "prod"', "pipelines": ["logs/b"]}


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        pytest.param([EAST, PROD], {}, {"logs/a": ["east"], "logs/b": ["none"]}, id="moved: no later line sees it"),
        pytest.param(
            [{**EAST, "action": "copy"}, PROD], {}, {"logs/a": ["east"], "logs/b": ["east", "none"]}, id="copied"
        ),
        pytest.param(
            [{**EAST, "action": "copy"}], {"default_pipelines": ["logs/rest"]},
            {"logs/a": ["east"], "logs/rest": ["east", "west", "none"]}, id="what was copied is not moved",
        ),
        pytest.param(
            [EAST, PROD], {"match_once": False, "default_pipelines": ["logs/rest"]},
            {"logs/a": ["east"], "logs/b": ["east", "none"], "logs/rest": ["west"]}, id="of older Collectors",
        ),
        pytest.param([PROD], {"default_pipelines": ["logs/rest"]}, {"logs/b": ["east", "none"], "logs/rest": ["west"]}, id="rest"),
        pytest.param([{**PROD, "context": "resource"}], {}, {"logs/b": ["east", "none"]}, id="context of a resource"),
        pytest.param(
            [{"context": "resource", "condition": 'log.attributes["region"] == "west"', "pipelines": ["logs/a"]}], {},
            {"logs/a": ["west"]}, id="a path says its context",
        ),
        pytest.param(
            [{"condition": 'resource.attributes["env"] == "dev"', "pipelines": [" logs / a ", "logs/b"]}], {},
            {"logs/a": ["west"], "logs/b": ["west"]}, id="two pipelines",
        ),
        pytest.param(
            [{"statement": 'route() where IsMatch(attributes["env"], "^p")', "pipelines": ["logs/a"]}], {},
            {"logs/a": ["east", "none"]}, id="statement",
        ),
        pytest.param([{"statement": "route()", "pipelines": ["logs/a"]}], {}, {"logs/a": ["east", "west", "none"]}, id="all"),
        pytest.param([{"domains": ["B.*"], "pipelines": ["logs/a"]}], {}, {"logs/a": ["none"]}, id="domain"),
        pytest.param(
            [{"domains": ["a.example"], **PROD}], {}, {"logs/b": ["east"]}, id="domain and condition"
        ),
        pytest.param(
            [{**EAST, "action": "copy"}, {**EAST, "condition": "true"}], {}, {"logs/a": ["east", "west", "none"]},
            id="a pipeline gets a record once",
        ),
        pytest.param(
            [{"context": "log", "condition": 'attributes["n"] > "x"', "pipelines": ["logs/a"]}, PROD],
            {"default_pipelines": ["logs/rest"]}, {"logs/b": ["east", "none"], "logs/rest": ["west"]}, id="an error is a no",
        ),
    ],
)  # fmt: skip
def test_which_record_goes_where(
    table: list[dict[str, Any]], options: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert bodies(table, **options) == expected


def test_what_has_no_route_is_dropped_and_counted() -> None:
    _, work = routed([EAST])
    assert work.counts == {("a.example", "dropped:no_route"): 1, ("b.example", "dropped:no_route"): 1}


def test_what_was_copied_somewhere_is_not_dropped() -> None:
    _, work = routed([{**EAST, "action": "copy"}])
    assert work.counts["a.example", "dropped:no_route"] == 1


@pytest.mark.parametrize(("mode", "dropped"), [("ignore", 0), ("silent", 0), ("propagate", 2)])
def test_what_an_error_in_a_condition_means(mode: str, dropped: int) -> None:
    failing = {"context": "log", "condition": 'ParseJSON(body)["a"] == 1', "pipelines": ["logs/a"]}
    given, work = routed([failing], error_mode=mode, default_pipelines=["logs/rest"])
    errors = sum(number for (_, outcome), number in work.counts.items() if outcome == "dropped:condition_error")
    assert (errors > 0) == (dropped > 0)
    assert sum(map(len, given.values())) + errors == 3


@pytest.mark.parametrize(
    ("statement", "context", "left"),
    [
        ('delete_key(attributes, "x") where attributes["env"] == "prod"', "", {"logs/a": [None, None]}),
        ('delete_key(resource.attributes, "x")', "log", {"logs/a": [None, None, None]}),
        ('delete_matching_keys(attributes, "^[w-z]$") where attributes["x"] == "1"', "resource", {"logs/a": [None]}),
        ('delete_matching_keys(attributes, "^env")', "resource", {"logs/a": ["1", None, "2"]}),
    ],
)
def test_what_a_line_takes_out_of_a_resource(statement: str, context: str, left: dict[str, list[str | None]]) -> None:
    given, _ = routed([{"statement": statement, "context": context, "pipelines": ["logs/a"]}])
    assert {name: part.resource_attribute("x").to_list() for name, part in given.items()} == left


def test_what_a_line_takes_out_is_gone_there_alone() -> None:
    """Also of attributes that a processor set."""
    line = {"statement": 'delete_matching_keys(attributes, "^(secret|n)$")', "context": "log", "pipelines": ["logs/a"]}
    given, _ = routed([{**line, "action": "copy"}], default_pipelines=["logs/rest"])
    assert given["logs/a"].attribute("secret").to_list() == [None] * 3
    assert given["logs/a"].attribute("n", ValueKind.INT).to_list() == [None] * 3
    assert given["logs/rest"].attribute("secret").to_list() == [None, "s", None]
    assert given["logs/a"].attribute("region").to_list() == ["east", "west", None]


def test_pipelines_that_get_the_same_get_one_batch() -> None:
    given, _ = routed([{**PROD, "pipelines": ["logs/a", "logs/b"]}])
    assert given["logs/a"] is given["logs/b"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "the routing table is empty"),
        ({"table": [{"pipelines": ["logs/a"]}]}, "no condition or statement provided"),
        ({"table": [{"condition": "true", "statement": "route()", "pipelines": ["logs/a"]}]}, "both condition and statement"),
        ({"table": [{"condition": "true"}]}, "no pipelines defined"),
        ({"table": [{"context": "request", "statement": "route()", "pipelines": ["logs/a"]}]}, "\"request\" context requires a 'condition'"),
        ({"table": [{"context": "request", "condition": 'request["x"] > "a"', "pipelines": ["logs/a"]}]}, "or with !="),
        ({"table": [{"context": "otelcol", "condition": 'otelcol.client.metadata == nil', "pipelines": ["logs/a"]}]}, "needs a name"),
        ({"table": [{"condition": 'nothing["x"] == "a"', "pipelines": ["logs/a"]}]}, "unknown path"),
        ({"table": [{"statement": "keep()", "pipelines": ["logs/a"]}]}, "keep is not possible here"),
        ({"table": [{"statement": "route(1)", "pipelines": ["logs/a"]}]}, "route() takes nothing"),
        ({"table": [{"statement": "delete_key(attributes)", "pipelines": ["logs/a"]}]}, "delete_key takes attributes and a text"),
        ({"table": [{"statement": 'delete_key(scope.attributes, "a")', "pipelines": ["logs/a"]}]}, "scope.attributes"),
        ({"table": [{"statement": 'delete_matching_keys(attributes, "(")', "pipelines": ["logs/a"]}]}, "not a regular expression"),
    ],
)  # fmt: skip
def test_what_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RoutingConfig.model_validate(options)
    assert says in str(refused.value)
