"""What came with requests, in statements, conditions and tables: `otelcol.client.…`, `otelcol.grpc.metadata`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.batch import LogBatch, ValueKind, concat
from collector.client_info import ClientInfo, Wanted
from collector.component import Context
from collector.connectors.routing.config import RoutingConfig
from collector.connectors.routing.connector import Routing
from collector.journal.entry import Entry
from collector.journal.text import Text
from collector.pipeline.decode import decode
from collector.testing.payloads import payload
from collector.testing.work import FakeWork

ACME = ClientInfo({"x-tenant": ["acme", "second"]}, {"subject": "jo"}, "10.0.0.7")
GLOBEX = ClientInfo({"x-tenant": ["globex"]})


def came(*clients: ClientInfo | None) -> LogBatch:
    """A record of each, and one that no component's batch came with."""
    entries = [
        Entry("0" * 16, place, "d", "otlp", payload(1, f"{place}"), 1, 1, b"", client=client.text() if client else "")
        for place, client in enumerate(clients)
    ]
    return concat([decode(entries).batch, LogBatch.of({"body": ["made"], "domain": ["d"]})])


def made(name: str, **options: Any) -> Any:
    factory = importlib.import_module(f"processors.{name}").FACTORY
    return factory.create(factory.config.model_validate(options), Context(name, Path()))


EXPRESSIONS = {
    "a header": ('otelcol.client.metadata["X-Tenant"][0]', ["acme", "globex", None, None]),
    "another value of it": ('otelcol.client.metadata["x-tenant"][1]', ["second", None, None, None]),
    "over gRPC": ('otelcol.grpc.metadata["x-tenant"][0]', ["acme", "globex", None, None]),
    "who sent": ('otelcol.client.auth.attributes["subject"]', ["jo", None, None, None]),
    "from where": ("otelcol.client.addr", ["10.0.0.7", None, None, None]),
}


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS.values(), ids=EXPRESSIONS)
@pytest.mark.parametrize("context", ["log", "resource", "scope"])
def test_statements_read_it(expression: str, expected: list[str | None], context: str) -> None:
    transform = made(
        "transform", log_statements=[{"context": context, "statements": [f'set(attributes["t"], {expression})']}]
    )
    done = transform.process(came(ACME, GLOBEX, None), FakeWork())
    read = {"log": done.attribute, "resource": done.resource_attribute, "scope": done.scope_attribute}[context]
    assert read("t").to_list() == expected


def test_without_any_it_is_nil() -> None:
    transform = made("transform", log_statements=['set(log.attributes["t"], "none") where otelcol.client.addr == nil'])
    assert transform.process(LogBatch.of({"body": ["a"], "domain": ["d"]}), FakeWork()).attribute("t").to_list() == [
        "none"
    ]


def test_conditions_ask_it() -> None:
    """In `filter`, beside other paths."""
    condition = 'otelcol.client.metadata["x-tenant"][0] == "globex" and log.severity_number < 10'
    left = made("filter", log_conditions=[condition]).process(came(ACME, GLOBEX, None), FakeWork())
    assert left.column("body").to_list() == ["0 0", "2 0", "made"]


ROUTES = {
    "otelcol": {"condition": 'otelcol.client.metadata["X-Tenant"][0] == "acme"'},
    "otelcol, named": {"context": "otelcol", "condition": 'otelcol.client.metadata["X-Tenant"][0] == "acme"'},
    "request": {"context": "request", "condition": 'request["X-Tenant"] == "acme"'},
    "not": {"context": "request", "condition": 'request["X-Tenant"] != "globex"'},
}


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_tables_ask_it(route: dict[str, Any]) -> None:
    """A request without the header meets neither, as upstream."""
    table = [{**route, "pipelines": ["logs/a"]}]
    config = RoutingConfig.model_validate({"table": table, "default_pipelines": ["logs/rest"]})
    routing = Routing(config, Context("routing", Path(), targets=["logs/a", "logs/rest"]))
    given = routing.connect(came(ACME, GLOBEX, None), FakeWork())
    assert given["logs/a"].column("body").to_list() == ["0 0"]
    assert config.asks_of_clients() == Wanted.headers(["x-tenant"])


def test_what_is_asked_for() -> None:
    """By statements, their `where`, and conditions of groups."""
    options = {
        "log_statements": [
            'set(log.attributes["a"], otelcol.client.metadata["X-A"][0]) where otelcol.client.auth.attributes["b"] == "x"',
            {"conditions": ["otelcol.client.addr != nil"], "statements": ['set(log.attributes["c"], 1)']},
        ]
    }
    config = importlib.import_module("processors.transform").FACTORY.config.model_validate(options)
    assert config.asks_of_clients() == Wanted(frozenset({"x-a"}), frozenset({"b"}), address=True)
    config = importlib.import_module("processors.filter").FACTORY.config.model_validate(
        {"log_conditions": ["otelcol.client.addr == nil"]}
    )
    assert config.asks_of_clients() == Wanted(address=True)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ('set(otelcol.client.addr, "x")', "can only be read"),
        ('set(otelcol.client.metadata["x"], "y")', "can only be read"),
        ('set(log.attributes["a"], otelcol.client.metadata)', "needs a name"),
        ('set(log.attributes["a"], otelcol.client.nothing)', "unknown path"),
    ],
)
def test_what_is_refused(statement: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        made("transform", log_statements=[statement])


def test_lines_of_text_have_it_too() -> None:
    entry = Entry("0" * 16, 1, "d", "tcp_log", Text(b"a\nb").body(), 2, 1, b"", text=True, client=ACME.text())
    done = made("attributes", actions=[{"key": "from", "action": "insert", "from_context": "client.address"}]).process(
        decode([entry]).batch, FakeWork()
    )
    assert done.attribute("from").to_list() == ["10.0.0.7"] * 2


def test_a_resource_has_that_of_its_records() -> None:
    """Also where equal resources are joined: not those of other requests."""
    batch = made("groupbyattrs").process(came(ACME, GLOBEX, ACME), FakeWork())
    done = made("resource", attributes=[{"key": "t", "action": "insert", "from_context": "x-tenant"}]).process(
        batch, FakeWork()
    )
    assert done.resource_attribute("t").to_list() == ["acme;second", "globex", "acme;second", None]


def test_records_of_other_tenants_are_not_the_same() -> None:
    """With `metadata_keys` each tenant's first goes on, with what came with it; without, the first of all."""
    for keys, expected in (["X-Tenant"], [("acme", 2), ("globex", 1)]), ([], [("acme", 3)]):
        work, dedup = FakeWork(), made("log_dedup", metadata_keys=keys)
        batch = came(ACME, GLOBEX, ACME).slice(0, 3)
        dedup.process(batch.with_fields({"body": batch.column("body").str.replace_all("\\d", "0")}), work)
        work.now_unix_nano = max(work.timers.values())
        work.run_due(dedup)
        done = made("attributes", actions=[{"key": "t", "action": "insert", "from_context": "x-tenant"}]).process(
            concat(work.released), FakeWork()
        )
        counts = done.attribute("log_count", ValueKind.INT).to_list()
        tenants = [text.partition(";")[0] for text in done.attribute("t")]
        assert sorted(zip(tenants, counts, strict=True)) == expected
