"""`enrich`: what is known, remembered, late, marked; from files, SQLite and a service."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pytest

from collector.batch import LogBatch, ValueKind, concat
from collector.columns.tables import FROM_BODY
from collector.component import Context, Helpers
from collector.testing.work import FakeWork
from processors.enrich import FACTORY
from processors.enrich.config import CacheConfig, HttpSource
from processors.enrich.facts import Asked, Facts, Unanswered
from processors.enrich.lookup import Lookup, State
from processors.enrich.processor import Enrich
from processors.enrich.service import Service

_PATIENCE_SECS = 60.0
USERS = {"u1": {"plan": "gold", "seats": 3, "address": {"city": "Bonn"}}, "u2": {"plan": "free", "seats": 1}}


@contextmanager
def enriching(**options: Any) -> Iterator[Enrich]:
    """With a budget that a slow machine keeps, where none is given."""
    helpers = Helpers()
    config = FACTORY.config.model_validate({"key": "user.id", "budget": "10s", **options})
    processor = FACTORY.create(config, Context("enrich", Path(), helpers=helpers))
    helpers.start()
    try:
        yield processor
    finally:
        helpers.shutdown()


def of(*users: str | None, domain: str = "a.example", **attributes: Any) -> LogBatch:
    columns = {"body": [""] * len(users), "domain": [domain] * len(users)}
    return LogBatch.of(
        columns, {"user.id": list(users), **{key: [value] * len(users) for key, value in attributes.items()}}
    )


def column(processor: Enrich, batch: LogBatch, key: str) -> list[Any]:
    return processor.process(batch, FakeWork()).attribute_text(key).to_list()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_facts_are_set_and_marked(tmp_path: Path) -> None:
    """Those that are named, in objects, too; records without the key stay as they are."""
    file = tmp_path / "users.json"
    file.write_text(json.dumps(USERS))
    fields = {"plan": "user.plan", "address.city": "user.city"}
    with enriching(file={"path": str(file)}, fields=fields) as processor:
        done = processor.process(of("u1", None, "u2", "u9", "u1", **{"user.plan": "mine"}), FakeWork())
        assert done.attribute("user.plan").to_list() == ["gold", "mine", "free", "mine", "gold"]
        assert done.attribute("user.city").to_list() == ["Bonn", None, None, None, "Bonn"]
        assert done.attribute("logboom.enriched").to_list() == ["found", None, "found", "unknown", "found"]
    with enriching(file={"path": str(file)}, override=False, mark="", prefix="of.") as processor:
        done = processor.process(of("u1", **{"of.plan": "mine"}), FakeWork())
        assert done.attribute("of.plan").to_list() == ["mine"]
        assert done.attribute("of.seats", ValueKind.INT).to_list() == [3]
        assert "logboom.enriched" not in done.all_attributes().get_column("key")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "id,plan\nu1,gold\nu2,free\n"),
        ("a.tsv", "id\tplan\nu1\tgold\nu2\tfree\n"),
        ("a.json", json.dumps([{"id": "u1", "plan": "gold"}, {"id": "u2", "plan": "free"}])),
        ("a.jsonl", '{"id": "u1", "plan": "gold"}\n{"id": "u2", "plan": "free"}\n'),
    ],
)
def test_files_of_every_shape_are_read_again_when_they_change(tmp_path: Path, name: str, text: str) -> None:
    """A file that can't be read any more leaves what was known."""
    file = tmp_path / name
    file.write_text(text)
    options = {"file": {"path": str(file), "reload_interval": "0s"}, "cache": {"ttl": "0s"}}
    with enriching(**options) as processor:
        assert column(processor, of("u1", "u2"), "user.id.plan") == ["gold", "free"]
        file.write_text(text.replace("gold", "silver"))
        until(lambda: column(processor, of("u1"), "user.id.plan") == ["silver"])
        file.unlink()
        assert column(processor, of("u1"), "user.id.plan") == ["silver"]


def test_sqlite_knows_domains_apart(tmp_path: Path) -> None:
    """The first row's columns; another domain has other facts."""
    file = tmp_path / "crm.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (id TEXT, domain TEXT, plan TEXT)")
        connection.executemany(
            "INSERT INTO users VALUES (?, ?, ?)", [("u1", "a.example", "gold"), ("u1", "b.example", "free")]
        )
    query = "SELECT plan FROM users WHERE id = :key AND domain = :domain"
    with enriching(sqlite={"path": str(file), "query": query}) as processor:
        batch = concat([of("u1"), of("u1", domain="b.example"), of("u2")])
        assert column(processor, batch, "user.id.plan") == ["gold", "free", None]


def test_resources_get_the_facts_of_their_own_key(tmp_path: Path) -> None:
    """Once for all of their records."""
    file = tmp_path / "hosts.csv"
    file.write_text("host,rack\nh1,r7\n")
    with enriching(key="host.name", level="resource", file={"path": str(file), "key_field": "host"}) as processor:
        batch = concat([LogBatch.of({"body": ["", ""]}, resource={"host.name": host}) for host in ("h1", "h2")])
        done = processor.process(batch, FakeWork())
        assert done.resource_attribute("host.name.rack").to_list() == ["r7", "r7", None, None]
        assert done.resource_attribute("logboom.enriched").to_list() == ["found", "found", "unknown", "unknown"]


def test_a_key_from_the_text_of_a_body_is_not_looked_up(tmp_path: Path) -> None:
    """Whoever gets a line into a log would choose whose facts it gets."""
    file = tmp_path / "users.json"
    file.write_text(json.dumps(USERS))
    rows = pl.DataFrame(
        {"owner": [0, 1], "key": ["user.id"] * 2, "kind": [1, 1], "string": ["u1", "u1"], FROM_BODY: [True, False]}
    )
    batch = LogBatch.of({"body": ["", ""]})
    table = pl.concat([batch.attributes, rows.cast({"owner": pl.UInt32, "kind": pl.UInt8})], how="diagonal")
    with enriching(file={"path": str(file)}) as processor:
        assert column(processor, replace(batch, attributes=table), "user.id.plan") == [None, "gold"]


class Directory:
    """A service of the shapes that there are; `asked`: what each request asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fails = False
        self.refused: dict[str, int] = {}
        self.gate = threading.Event()
        self.gate.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(directory: Directory) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                _, _, shape, keys = self.path.split("/", 3)
                asked = [unquote(key) for key in keys.split(",")]
                directory.asked.append(asked)
                found = {key: USERS[key] for key in asked if key in USERS}
                shapes: Mapping[str, Any] = {
                    "map": found, "list": {"data": [{"id": key, **facts} for key, facts in found.items()]}, "one": next(iter(found.values()), None),
                }  # fmt: skip
                self._answer(shapes[shape], asked)

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["keys"]
                directory.asked.append(asked)
                self._answer({key: USERS[key] for key in asked if key in USERS}, asked)

            def _answer(self, found: Any, asked: list[str]) -> None:
                directory.gate.wait(_PATIENCE_SECS)
                status = 503 if directory.fails else 404 if found is None else 200
                status = next((directory.refused[key] for key in asked if key in directory.refused), status)
                text = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def directory() -> Iterator[Directory]:
    made = Directory()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "options", "requests"),
    [
        ("/x/map/{keys}", {}, 1),
        ("/x/map/{keys}", {"batch": 2}, 2),
        ("/x/list/{keys}", {"result": "data"}, 1),
        ("/x/one/{key}", {}, 3),
        ("/", {}, 1),
    ],
)
def test_a_service_is_asked_once_for_what_is_new(
    directory: Directory, path: str, options: dict[str, Any], requests: int
) -> None:
    """Many keys a request, or one; what it does not know is not asked for again."""
    with enriching(http={"url": directory.address + path, **options}) as processor:
        assert column(processor, of("u1", "u2", "u/3", "u1"), "user.id.plan") == ["gold", "free", None, "gold"]
        assert column(processor, of("u1", "u/3"), "logboom.enriched") == ["found", "unknown"]
    assert len(directory.asked) == requests
    assert sorted(key for keys in directory.asked for key in keys) == ["u/3", "u1", "u2"]


def test_a_step_waits_for_no_longer_than_its_budget(directory: Directory) -> None:
    """What comes late is there for the next."""
    directory.gate.clear()
    with enriching(http={"url": f"{directory.address}/x/map/{{keys}}", "timeout": "60s"}, budget="20ms") as processor:
        assert column(processor, of("u1"), "logboom.enriched") == ["late"]
        directory.gate.set()
        until(lambda: column(processor, of("u1"), "logboom.enriched") == ["found"])


def test_nobody_waits_for_a_service_that_fails(directory: Directory) -> None:
    """It is asked again later, and then it answers."""
    directory.fails = True
    with enriching(http={"url": f"{directory.address}/x/map/{{keys}}"}) as processor:
        assert column(processor, of("u1"), "logboom.enriched") == ["late"]
        directory.fails = False
        until(lambda: column(processor, of("u1"), "user.id.plan") == ["gold"])


@pytest.mark.parametrize("path", ["/x/map/{keys}", "/x/one/{key}", "/"])
@pytest.mark.parametrize("status", [404, 431])
def test_a_key_that_is_refused_keeps_no_other_from_its_facts(directory: Directory, path: str, status: int) -> None:
    """It is not known, and nothing waits for the service to come back."""
    directory.refused = {"bad": status, "worse": status}
    with enriching(http={"url": directory.address + path}) as processor:
        marks = column(processor, of("u1", "bad", "u9", "worse", "u2"), "logboom.enriched")
        assert marks == ["found", "unknown", "unknown", "unknown", "found"]
        asked = len(directory.asked)
        assert column(processor, of("bad", "u2"), "logboom.enriched") == ["unknown", "found"]
        assert len(directory.asked) == asked


@pytest.mark.parametrize("status", [302, 401, 403, 407, 408, 425, 429, 500])
def test_who_may_ask_and_when_says_nothing_of_keys(directory: Directory, status: int) -> None:
    """They are not taken as not known."""
    directory.refused = {"u1": status}
    service = Service("x", HttpSource.model_validate({"url": f"{directory.address}/x/map/{{keys}}"}), None)
    service.open()
    try:
        with pytest.raises(Unanswered, match=str(status)):
            service.ask([Asked("u1"), Asked("u2")])
    finally:
        service.close()


def test_a_long_key_is_not_asked_for(directory: Directory) -> None:
    """By its bytes."""
    keys = ["x" * 513, "ä" * 257, "ä" * 256]
    with enriching(http={"url": f"{directory.address}/x/map/{{keys}}"}) as processor:
        assert column(processor, of(*keys, "u1"), "logboom.enriched") == ["unknown"] * 3 + ["found"]
    assert directory.asked == [["ä" * 256, "u1"]]


class Scripted:
    """A source that gives what it is told to."""

    batch, concurrency = 2, 1

    def __init__(self) -> None:
        self.facts: dict[str, Facts] = {"a": {"n": 1}}
        self.asked: list[str] = []
        self.fails = False

    def open(self) -> None:
        pass

    def ask(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        self.asked += [one.key for one in asked]
        if self.fails:
            raise Unanswered("no")
        return {one: self.facts[one.key] for one in asked if one.key in self.facts}

    def close(self) -> None:
        pass


def test_what_is_remembered_grows_old() -> None:
    """Fresh, stale while it is asked for again, forgotten; what the source does not know is forgotten sooner; the least used go."""
    source, now = Scripted(), [0.0]
    cache = CacheConfig(ttl="10s", stale="20s", negative_ttl="5s", max_entries=3)  # type: ignore[arg-type] - as written
    lookup = Lookup("x", source, cache, lambda: now[0])
    lookup.start()
    a, z = Asked("a"), Asked("z")

    def state(one: Asked, budget: float = _PATIENCE_SECS) -> State:
        return lookup.answers([one], budget)[one].state

    try:
        assert [state(a), state(z)] == [State.FOUND, State.UNKNOWN]
        now[0] = 9.0
        assert state(a) is State.FOUND
        assert source.asked == ["a", "z"]
        now[0] = 10.0
        source.fails = True
        assert state(a) is State.STALE
        until(lambda: source.asked.count("a") == 2)
        now[0] = 12.0
        assert state(z, 0.0) is State.LATE
        now[0] = 29.0
        assert lookup.answers([a], 0.0)[a] == (State.STALE, {"n": 1})
        source.fails = False
        now[0] = 60.0
        assert state(a, 0.0) is State.LATE
        until(lambda: state(a, 0.0) is State.FOUND)
        for name in "bcd":
            state(Asked(name))
        source.asked.clear()
        assert state(a) is State.FOUND
        assert source.asked == ["a"]
    finally:
        lookup.shutdown()


def test_what_is_forgotten_is_waited_for() -> None:
    """As what was never known: within the budget."""
    source, now = Scripted(), [0.0]
    cache = CacheConfig(ttl="10s", stale="20s", negative_ttl="5s")  # type: ignore[arg-type] - as written
    lookup = Lookup("x", source, cache, lambda: now[0])
    lookup.start()
    a = Asked("a")
    try:
        for now[0] in (0.0, 30.0):
            assert lookup.answers([a], _PATIENCE_SECS)[a].state is State.FOUND
        assert source.asked == ["a", "a"]
    finally:
        lookup.shutdown()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "one source is needed"),
        ({"file": {"path": "a"}, "sqlite": {"path": "b", "query": ":key"}}, "one source is needed"),
        ({"sqlite": {"path": "b", "query": "SELECT 1"}}, "needs :key"),
        ({"http": {"url": "nonsense"}}, "not a URL"),
        ({"http": {"url": "http://h/{key}", "headers": {"x": "secret"}}}, "over http://"),
        ({"http": {"url": "https://h/{domain}"}}, "needs {key}"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=problem.replace("{", r"\{")):
        FACTORY.config.model_validate({"key": "k", **options})
