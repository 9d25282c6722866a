"""The clickhouse exporter: addresses, statements, and what each answer means. Rows and statements meet the engine in tests/faults/test_clickhouse.py."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.row_batch import Row, batch_of
from collector.testing.text_batch import text_batch
from collector.transport.http_client import HttpAnswer
from counterparts import sending
from counterparts.http_service import HttpService
from counterparts.on_thread import on_thread
from exporters.clickhouse import FACTORY
from exporters.clickhouse.answers import insert_verdict, statement_verdict
from exporters.clickhouse.config import ClickHouseConfig
from exporters.clickhouse.schema import insert, statements


def config(endpoint="https://h.example:8443", **more):
    return ClickHouseConfig.model_validate({"endpoint": endpoint, **more})


ADDRESSES = {
    "http://localhost:8123": "http://localhost:8123",
    "https://h.example": "https://h.example",
    "http://h.example:8443?secure=true": "https://h.example:8443",
    "tcp://127.0.0.1:9000?dial_timeout=10s": "http://127.0.0.1:8123",
    "clickhouse://clickhouse:9000": "http://clickhouse:8123",
    "clickhouse://clickhouse": "http://clickhouse:8123",
    "tcp://h.example:9440": "https://h.example:8443",
    "clickhouse://h.example?secure=true": "https://h.example:8443",
    "clickhouse://[::1]:9000/otel": "http://[::1]:8123",
}


@pytest.mark.parametrize("endpoint", ADDRESSES)
def test_addresses(endpoint):
    """People are told where a port of the native protocol leads."""
    made = config(endpoint)
    assert made.address.base == ADDRESSES[endpoint]
    assert ("endpoint" in made.cautions()) == (not endpoint.startswith("http"))
    assert made.address.settings == {}


def test_what_the_url_says():
    """User, password, database, settings; options come before it, `database` unless it is `default`."""
    url = "https://u%40x:p%2Fw@h.example:8443/otel?max_execution_time=60&compress=zstd&async_insert=0"
    made = config(url)
    assert (made.user, made.key, made.into, made.compression) == ("u@x", "p/w", "otel", "zstd")
    assert made.address.settings == {"max_execution_time": "60", "async_insert": "0"}
    assert made.destination() == "https://h.example:8443"
    assert "p/w" not in repr(made.address)
    given = {"max_execution_time": 5, "deduplicate": True, "max_open_conns": "9"}
    other = config(url, username="me", password="s", database="mine", connection_params=given)
    assert (other.user, other.key, other.into) == ("me", "s", "mine")
    assert other.address.settings == {"max_execution_time": "5", "async_insert": "0", "deduplicate": "1"}


BAD = {
    "no url": ({"endpoint": "h.example"}, "endpoint is not a URL"),
    "another port": ({"endpoint": "tcp://h.example:9001"}, "write http://host:8123"),
    "two hosts": ({"endpoint": "tcp://a:9000,b:9000"}, "several hosts"),
    "two urls": ({"endpoint": "tcp://a:9000,tcp://b:9000"}, "several hosts"),
    "a password in parameters": ({"connection_params": {"password": "hidden"}}, "write the option `password`"),
    "no verification": ({"endpoint": "tcp://h:9440?skip_verify=true"}, "insecure_skip_verify"),
    "in the clear": ({"endpoint": "tcp://h.example:9000", "password": "hidden"}, "use https://"),
    "in the clear, of the url": ({"endpoint": "http://u:hidden@h.example:8123"}, "use https://"),
    "compress": ({"compress": "br"}, "br is not available"),
    "engine": ({"table_engine": {"name": "MergeTree() AS SELECT"}}, "table_engine"),
    "cluster": ({"cluster_name": "a; DROP"}, "cluster_name"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused(case):
    """With what to write instead."""
    options, words = BAD[case]
    with pytest.raises(ValidationError, match=words.replace("(", r"\(")) as told:
        ClickHouseConfig.model_validate({"endpoint": "https://h.example:8443", **options})
    assert "hidden" not in "".join(str(error["msg"]) for error in told.value.errors())


def test_answers_that_promise_nothing_are_told():
    told = config(connection_params={"wait_for_async_insert": 0}).cautions()
    assert list(told) == ["connection_params"]
    assert not config(connection_params={"wait_for_async_insert": 0}, async_insert=False).cautions()


TTLS = {
    "72h": "toIntervalDay(3)",
    "30h": "toIntervalHour(30)",
    "90m": "toIntervalMinute(90)",
    "61s": "toIntervalSecond(61)",
}


@pytest.mark.parametrize("ttl", TTLS)
def test_ttl(ttl):
    (_, table) = statements(config(database="otel", ttl=ttl))
    assert f"TTL toDateTime(Timestamp) + {TTLS[ttl]}\nSETTINGS" in table


def test_statements():
    """The database `default` is there; names are quoted, a cluster's macro is a text."""
    (table,) = statements(config())
    assert table.startswith('CREATE TABLE IF NOT EXISTS "default"."otel_logs" (\n    Timestamp DateTime64(9)')
    assert "TTL" not in table
    assert ") ENGINE = MergeTree()\n" in table
    odd = {"database": 'a"b', "logs_table_name": "logs\\", "cluster_name": "{cluster}"}
    engine = {"name": "ReplicatedMergeTree", "params": "'/x/{shard}', '{replica}'"}
    database, table = statements(config(**odd, table_engine=engine))
    assert database == 'CREATE DATABASE IF NOT EXISTS "a\\"b" ON CLUSTER \'{cluster}\''
    assert table.startswith('CREATE TABLE IF NOT EXISTS "a\\"b"."logs\\\\" ON CLUSTER \'{cluster}\' (')
    assert ") ENGINE = ReplicatedMergeTree('/x/{shard}', '{replica}')\n" in table
    assert ' ON CLUSTER "mine"' in next(iter(statements(config(cluster_name="mine"))))
    assert insert(config(), with_optional=True).endswith(", LogAttributes, EventName) FORMAT ArrowStream")


def answer(status, code=0, text="", **headers):
    named = {"X-ClickHouse-Exception-Code": str(code)} if code else {}
    return HttpAnswer(status, {**named, **headers}, text.encode())


ANSWERS = [
    (answer(200, **{"X-ClickHouse-Summary": "{}"}), Ok()),
    (answer(200), Blocked("answered 200 without a header of ClickHouse's: somebody else listens there")),
    (answer(200, text="hello", **{"Content-Type": "text/plain"}), Blocked),
    (answer(400, 27, "Code: 27. no"), Split("400 Bad Request: Code: 27. no")),
    (answer(500, 469), Split("500 Internal Server Error")),
    (answer(500, 252, "Code: 252. Too many partitions for single INSERT block"), Split),
    (
        answer(500, 252, "Code: 252. Too many parts"),
        Retry("500 Internal Server Error: Code: 252. Too many parts", throttled=True),
    ),
    (answer(500, 307), Split("500 Internal Server Error", too_large=True)),
    (answer(413), Split("413 Request Entity Too Large", too_large=True)),
    (answer(404, 60), Blocked("404 Not Found")),
    (answer(500, 164), Blocked("500 Internal Server Error")),
    (answer(403, 516), Blocked("403 Forbidden")),
    (answer(503, 202, **{"Retry-After": "7"}), Retry("503 Service Unavailable", after_secs=7.0, throttled=True)),
    (answer(500, 999), Retry("500 Internal Server Error")),
    (answer(500, 1002, "<html>"), Retry("500 Internal Server Error")),
    (answer(401), Blocked("401 Unauthorized")),
    (TimeoutError(), Retry("no answer within the timeout", throttled=True)),
]


@pytest.mark.parametrize(("given", "expected"), ANSWERS)
def test_answers(given, expected):
    """By the exception's number, else by the status."""
    found = insert_verdict(given)
    assert isinstance(found, expected) if isinstance(expected, type) else found == expected
    assert not isinstance(statement_verdict(given), Split)


class Listening(HttpService):
    """Takes everything; `calls` are the parameters and bodies."""

    def __init__(self):
        super().__init__()
        self.calls, self.headers = [], []

    def routes(self):
        yield "/", self._take

    async def _take(self, request):
        self.calls.append({name: values[0] for name, values in parse_qs(urlsplit(str(request.rel_url)).query).items()})
        self.headers.append(request.headers)
        await request.read()
        return web.Response(headers={"X-ClickHouse-Summary": "{}"})


def sent(tmp_path, *batches, **more):
    with on_thread(Listening()) as service:
        given = {"endpoint": service.url, "create_schema": False, **more}
        assert sending.verdicts(FACTORY, given, tmp_path, *batches) == [Ok()] * len(batches)
    return service


def test_the_same_records_have_the_same_token(tmp_path):
    """Others of the same text have another, and a record without an id takes none."""
    one, two = batch_of([Row("1"), Row("2")]), batch_of([Row("3"), Row("4")])
    without = text_batch(["x"])
    without = type(without)(without.records.with_columns(record_id=None))
    tokens = [call.get("insert_deduplication_token") for call in sent(tmp_path, one, one, two, without).calls]
    assert tokens[0] == tokens[1] != tokens[2]
    assert (len(tokens[0]), tokens[3]) == (32, None)


def test_settings_go_with_each_insert(tmp_path):
    """People's own come first."""
    service = sent(
        tmp_path, text_batch(["x"]), username="writer", password="key", connection_params={"max_execution_time": 9}
    )
    (call,) = service.calls
    del call["query"]
    call.pop("insert_deduplication_token", None)
    assert call == {
        "async_insert": "1", "wait_for_async_insert": "1", "async_insert_deduplicate": "1", "insert_deduplicate": "1",
        "max_execution_time": "9", "input_format_skip_unknown_fields": "1",
    }  # fmt: skip
    headers = service.headers[0]
    assert (headers["X-ClickHouse-User"], headers["X-ClickHouse-Key"]) == ("writer", "key")
    assert headers["Content-Encoding"] == "lz4"
    (own,) = sent(tmp_path, text_batch(["x"]), connection_params={"async_insert": 0, "insert_deduplicate": 0}).calls
    assert (own["async_insert"], own["insert_deduplicate"]) == ("0", "0")


def test_the_schema_is_made_once(tmp_path):
    """Before the first insert."""
    service = sent(tmp_path, text_batch(["x"]), text_batch(["y"]), create_schema=True, database="otel")
    assert ["query" in call for call in service.calls] == [False, False, True, True]
