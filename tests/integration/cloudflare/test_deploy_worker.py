"""The Worker of deploy/cloudflare, bundled by wrangler, on workerd: who gets to which container, and D1 and KV from there."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.rpc import status_pb2

from collector.component import Context
from collector.outcomes import Blocked, Ok, Split
from collector.testing.row_batch import Row, batch_of
from counterparts.cloudflare_deployment import Checkout, Deployment, checked_out, deployed
from exporters.d1 import FACTORY as D1
from exporters.kv import FACTORY as KV

KEYS = {
    "tamyla.com": "key-of-tamyla",
    "wetechfounders.com": "key-of-founders",
    "busy.example": "b",
    "down.example": "d",
}
SHOPS = ["shop.tamyla.com", "nokeys.example"]
BINDINGS = {
    "DOMAINS": [*KEYS, *SHOPS],
    "INGEST_KEYS": json.dumps({name: [hashlib.sha256(key.encode()).hexdigest()] for name, key in KEYS.items()}),
}
WAITING = 'otelcol_exporter_queue_size{exporter="d1", data_type="logs"} 512.0\n'
JSON = {"content_type": "application/json"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return checked_out(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def dry_run(checkout: Checkout) -> tuple[str, str, str]:
    return checkout.dry_run()


@pytest.fixture(scope="module")
def worker(checkout: Checkout, dry_run: object) -> Iterator[Deployment]:
    containers = {"busy.example": {8888: WAITING}, "down.example": {4318: {"error": "Network connection lost."}}}
    with deployed(checkout, containers, BINDINGS) as running:
        yield running


def post(worker: Deployment, host: str, key: str | None = "key-of-tamyla", **headers: str) -> tuple[int, Any, bytes]:
    bearer = {"authorization": f"Bearer {key}"} if key else {}
    return worker.request("POST", "/v1/logs", b"{}", **{"host": host, **JSON, **bearer, **headers})


def test_types_are_right(checkout):
    """`tsc --noEmit`, strict, with the types of the runtime."""
    done = checkout.run("typescript/bin/tsc", "--noEmit")
    assert done.returncode == 0, done.stdout


def test_wrangler_would_deploy_it(checkout, dry_run):
    """Configuration and bundle are accepted; the image is built from our Dockerfile with the repository as context."""
    said, docker, dockerfile = dry_run
    for binding in ("env.COLLECTOR (Collector)", "env.LOGS (logs)", "env.VIEW", "env.DOMAINS"):
        assert binding in said
    (build,) = [line for line in docker.splitlines() if line.startswith("build ")]
    assert "--platform linux/amd64" in build
    assert build.endswith(f" {checkout.folder.parents[1]}")
    assert dockerfile == (checkout.folder / "Dockerfile").read_text()


def test_each_host_reaches_the_container_of_its_domain(worker):
    """Two hosts, two containers, each started for its domain; the host goes along, so logboom finds the same domain."""
    seen = {}
    for host, key in (("logger.tamyla.com", "key-of-tamyla"), ("LOGGER.wetechfounders.com", "key-of-founders")):
        status, _, body = post(worker, host, key)
        assert status == 200
        seen[host.lower()] = json.loads(body)
    assert {host: (one["container"], one["headers"]["host"].lower(), one["port"]) for host, one in seen.items()} == {
        "logger.tamyla.com": ("tamyla.com", "logger.tamyla.com", 4318),
        "logger.wetechfounders.com": ("wetechfounders.com", "logger.wetechfounders.com", 4318),
    }
    for domain in ("tamyla.com", "wetechfounders.com"):
        (start,) = worker.control(f"/container/{domain}")["started"]
        assert start == {"env": {"LOGBOOM_DOMAIN": domain}, "enableInternet": False}


def test_the_longest_domain_wins(worker):
    """As in logboom: a tenant below another one is a tenant of its own, with keys of its own."""
    assert post(worker, "logger.shop.tamyla.com")[0] == 401
    assert json.loads(worker.request("GET", "/health", host="logger.shop.tamyla.com")[2])["domain"] == "shop.tamyla.com"
    assert json.loads(worker.request("GET", "/health", host="a.b.tamyla.com")[2])["domain"] == "tamyla.com"


@pytest.mark.parametrize("host", ["example.org", "nottamyla.com", "tamyla.com.evil.example", "com"])
def test_an_unknown_host_is_refused(worker, host):
    """No container, whatever the key."""
    status, _, body = post(worker, host)
    assert (status, json.loads(body)) == (403, {"code": 7, "message": "this host belongs to no domain"})


@pytest.mark.parametrize(("host", "key"), [
    ("logger.tamyla.com", None), ("logger.tamyla.com", "wrong"), ("logger.tamyla.com", "key-of-founders"),
    ("logger.tamyla.com", ""), ("logger.nokeys.example", "key-of-tamyla"),
])  # fmt: skip
def test_a_key_of_the_domain_is_needed(worker, host, key):
    """Another domain's key is none; a domain without keys takes nothing."""
    status, _, body = post(worker, host, key)
    assert (status, json.loads(body)["code"]) == (401, 16)


def test_what_only_the_worker_may_say_is_taken_away(worker):
    """A sender picks neither a port of the container nor a domain; the key stays at the door."""
    status, _, body = post(worker, "tamyla.com", cf_container_target_port="8888", x_forwarded_host="wetechfounders.com")
    seen = json.loads(body)
    assert (status, seen["container"], seen["port"]) == (200, "tamyla.com", 4318)
    assert not seen["headers"].keys() & {"x-forwarded-host", "authorization"}


@pytest.mark.parametrize(("method", "path", "headers", "wanted"), [
    ("GET", "/", {}, 404), ("GET", "/v1/logs", {}, 404), ("POST", "/v1/traces", JSON, 404), ("GET", "/metrics", {}, 404),
    ("POST", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", {"content_type": "application/grpc"}, 415),
    ("POST", "/outbound/tamyla.com/client/v4/accounts/-/d1/database/LOGS/query", JSON, 404),
    ("POST", "/client/v4/accounts/-/d1/database/LOGS/query", JSON, 404),
])  # fmt: skip
def test_only_logs_pass(worker, method, path, headers, wanted):
    """Neither gRPC, nor the container's other ports, nor the gateway to D1 can be reached from outside."""
    bearer = {"host": "tamyla.com", "authorization": "Bearer key-of-tamyla", **headers}
    assert worker.request(method, path, b"{}" if method == "POST" else None, **bearer)[0] == wanted


def test_ready_asks_logboom_and_health_does_not(worker):
    """`/ready` goes to the container's health port and needs a key, `/health` wakes nothing."""
    assert worker.request("GET", "/ready", host="tamyla.com")[0] == 401
    _, _, body = worker.request("GET", "/ready", host="tamyla.com", authorization="Bearer key-of-tamyla")
    assert json.loads(body)["port"] == 13133
    assert worker.request("GET", "/health", host="nokeys.example")[0] == 200
    assert worker.control("/container/nokeys.example")["started"] == []


def test_a_container_that_is_not_there_costs_no_sender_its_data(worker):
    """The package's 500, which senders do not repeat, becomes a 503 with a hint, in the encoding of the request."""
    status, headers, body = post(worker, "down.example", "d", content_type="application/x-protobuf")
    said = status_pb2.Status.FromString(body)
    assert (status, headers["retry-after"], said.code, said.message) == (503, "3", 14, "the container is not ready")


@pytest.mark.parametrize("secret", ["", "not json", '{"tamyla.com": "abc"}', '{"tamyla.com": ["abc"]}'])
def test_a_broken_secret_is_not_the_senders_fault(checkout, dry_run, secret):
    """503: they keep their data until somebody corrects it. A key is never let in by accident."""
    with deployed(checkout, {}, {**BINDINGS, "INGEST_KEYS": secret}) as running:
        status, _, body = post(running, "tamyla.com", "abc")
    assert (status, json.loads(body)["code"]) == (503, 14)


def test_it_sleeps_only_when_nothing_waits(worker):
    """The disk goes with the container: no SIGTERM while an exporter has a queue."""
    post(worker, "busy.example", "b")
    post(worker, "tamyla.com")
    assert worker.control("/expire/busy.example")["signals"] == []
    assert worker.control("/expire/tamyla.com")["signals"] == [15]


class Inside:
    """The exporters as they run in the container of tamyla.com: no token, the names of bindings for ids."""

    def __init__(self, worker: Deployment, data_dir: Path) -> None:
        post(worker, "tamyla.com")  # starts it
        self.options = {"base_url": worker.outbound("tamyla.com"), "account_id": "-", "max_calls_per_5m": 0}
        self.data_dir = data_dir

    def run(self, factory: Any, work: Any, **options: Any) -> Any:
        async def main() -> Any:
            exporter = factory.create(factory.config(**self.options, **options), Context("x", self.data_dir))
            try:
                await exporter.start()
                return await work(exporter)
            finally:
                await exporter.shutdown()

        return asyncio.run(main())


async def deliver(exporter: Any, batch: Any) -> list[Any]:
    return list(exporter.classify(await exporter.send(exporter.encode(batch))))


def test_d1_is_reached_without_a_token(worker, tmp_path):
    """Migrated, written twice, read back: each row once, nanoseconds exact."""
    batch = batch_of([Row(f"r{n:04d}", fields={"time_unix_nano": 1_700_000_000_000_000_001 + n}) for n in range(3000)])

    async def work(exporter: Any) -> Any:
        assert [await deliver(exporter, batch) for _ in range(2)] == [[Ok()], [Ok()]]
        assert exporter.counters()["rows_written"] == 9001
        database = await exporter._databases.prepared("LOGS")
        return await database.select("SELECT count(*) AS n, CAST(max(time_unix_nano) AS TEXT) AS last FROM logs")

    assert Inside(worker, tmp_path).run(D1, work, database_id="LOGS") == [{"n": 3000, "last": "1700000000000003000"}]


def test_what_d1_refuses_means_the_same_as_over_rest(worker, tmp_path):
    """A poisoned row splits, a binding that is not there blocks and keeps the data."""
    row = batch_of([Row("poisoned", fields={"body": "poison"})])

    async def poisoned(exporter: Any) -> Any:
        database = await exporter._databases.prepared("LOGS")
        await database.select(
            "CREATE TRIGGER refuse BEFORE INSERT ON logs WHEN new.body = 'poison' BEGIN SELECT raise(ABORT, 'no'); END"
        )
        try:
            return await deliver(exporter, row)
        finally:
            await database.select("DROP TRIGGER refuse")

    inside = Inside(worker, tmp_path)
    (split,) = inside.run(D1, poisoned, database_id="LOGS")
    assert isinstance(split, Split)

    async def classified(exporter: Any) -> Any:
        return await deliver(exporter, row)

    (blocked,) = inside.run(D1, classified, database_id="VIEW")
    assert isinstance(blocked, Blocked)
    assert "there is no D1 binding VIEW" in blocked.reason


def test_kv_is_reached_without_a_token(worker, tmp_path):
    """The view of a domain, read back from the namespace; a container with an empty disk goes on where the last one ended."""
    rows = [Row(f"r{n:04d}", fields={"domain": "tamyla.com", "body": f"b{n}"}) for n in range(250)]
    for life, batch in enumerate((batch_of(rows[:120]), batch_of(rows[120:]))):
        disk = tmp_path / str(life)
        disk.mkdir()
        inside = Inside(worker, disk)
        assert inside.run(KV, lambda one, batch=batch: deliver(one, batch), namespace_id="VIEW") == [Ok()]
    kept = worker.control("/kv")
    chunks = [kept[f"logboom/v1/recent/tamyla.com/{slot}"] for slot in range(3)]
    assert [record["body"] for chunk in chunks for record in chunk["records"]] == [f"b{n}" for n in range(250)]
    (hour,) = [value for key, value in kept.items() if key.startswith("logboom/v1/counts/tamyla.com/")]
    assert hour["levels"] == {"info": 250}


def test_more_keys_than_an_invocation_may_write(worker):
    """The rest stand in `unsuccessful_keys`, which the exporter writes next."""
    pairs = [{"key": f"many/{n}", "value": "1", "expiration_ttl": 60, "metadata": {"v": 1}} for n in range(1000)]
    path = "/outbound/tamyla.com/client/v4/accounts/-/storage/kv/namespaces/VIEW/bulk"
    post(worker, "tamyla.com")
    status, _, body = worker.request("PUT", path, json.dumps(pairs).encode(), **JSON)
    result = json.loads(body)["result"]
    assert (status, result["successful_key_count"]) == (200, 900)
    assert result["unsuccessful_keys"] == [f"many/{n}" for n in range(900, 1000)]


@pytest.mark.parametrize(("method", "path", "body", "wanted"), [
    ("PUT", "storage/kv/namespaces/VIEW/bulk", [{"key": "k" * 600, "value": "1"}], (400, 414)),
    ("PUT", "storage/kv/namespaces/VIEW/bulk", [{"key": "k"}], (400,)),
    ("PUT", "storage/kv/namespaces/LOGS/bulk", [], (404,)),
    ("PUT", "storage/kv/namespaces/DOMAINS/bulk", [], (404,)),
    ("PUT", "storage/kv/namespaces/constructor/bulk", [], (404,)),
    ("GET", "storage/kv/namespaces/VIEW/values/many%2F1", None, (404,)),
    ("POST", "storage/kv/namespaces/VIEW/bulk", [], (404,)),
    ("PUT", "storage/kv/namespaces/VIEW/bulk/get", {"keys": ["k"]}, (404,)),
    ("POST", "storage/kv/namespaces/VIEW/bulk/get", {"keys": []}, (400,)),
    ("POST", "storage/kv/namespaces/VIEW/bulk/get", {"keys": [f"k{n}" for n in range(101)]}, (400,)),
    ("POST", "storage/kv/namespaces/VIEW/bulk/get", ["k"], (400,)),
    ("POST", "storage/kv/namespaces/LOGS/bulk/get", {"keys": ["k"]}, (404,)),
    ("POST", "d1/database/LOGS/query", {"batch": []}, (400,)),
    ("POST", "d1/database/LOGS/query", {"sql": "SELECT ?1", "params": [1]}, (400,)),
    ("POST", "d1/database/LOGS/query", {"sql": "SELECT * FROM nosuch"}, (400,)),
    ("POST", "d1/database/COLLECTOR/query", {"sql": "SELECT 1"}, (404,)),
    ("POST", "d1/database", {"name": "another"}, (404,)),
])  # fmt: skip
def test_the_gateway_refuses_in_the_words_of_the_api(worker, method, path, body, wanted):
    """Other bindings and other calls are not there; the envelope is the API's, so exporters read the reason."""
    post(worker, "tamyla.com")
    data = None if body is None else json.dumps(body).encode()
    status, _, text = worker.request(method, f"/outbound/tamyla.com/client/v4/accounts/-/{path}", data, **JSON)
    envelope = json.loads(text)
    assert status in wanted
    assert (envelope["success"], envelope["result"]) == (False, None)
    assert envelope["errors"][0]["message"]
