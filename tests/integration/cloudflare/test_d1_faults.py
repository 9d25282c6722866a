"""Bad days between delivery and D1: over ten thousand records, and at the end each of them once."""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.component import Context
from collector.delivery.engine import Delivery
from collector.ledger.plan import PipelinePlan
from collector.testing.cloudflare import Cloudflare
from collector.testing.conservation import assert_conserved
from collector.testing.fault_proxy import Fault, cut_request, gateway_page, lost_answer, proxied, slow, status
from collector.testing.partition_bench import PartitionBench, plan
from exporters.d1 import FACTORY

RECORDS, PAYLOAD = 12_000, 200
QUICK = {
    "retry_on_failure": {"initial_interval": "10ms", "max_interval": "50ms"},
    "sending_queue": {"batch": {"flush_timeout": "20ms", "min_size": 400, "max_size": 400}},
}


@pytest.fixture
def bench(tmp_path):
    one = PartitionBench(tmp_path, plan(PipelinePlan("logs", frozenset({"otlp"}), ("d1",))))
    yield one
    assert_conserved(one.partition)
    one.close()


def put_all(bench: PartitionBench) -> None:
    for first in range(0, RECORDS, PAYLOAD):
        bench.put(*(f"record {n}" for n in range(first, first + PAYLOAD)), domain=f"{first // PAYLOAD % 3}.example")
        bench.step()


def deliver(bench: PartitionBench, exporter: Any, config: Any, meanwhile: Callable[[], None] = lambda: None) -> None:
    delivery = Delivery({"d1": (exporter, config)}, [bench.ledger])
    delivery.start()
    try:
        meanwhile()
        while bench.partition.queues()["d1"].records:
            time.sleep(0.02)
    finally:
        delivery.shutdown(5)


def made(tmp_path: Path, options: dict[str, Any]) -> tuple[Any, Any]:
    config = FACTORY.config(**options)
    return FACTORY.create(config, Context("d1", tmp_path)), config


def ask(options: dict[str, Any], sql: str) -> list[dict[str, Any]]:
    url = f"{options['base_url']}/accounts/{options['account_id']}/d1/database/{options['database_id']}/query"
    headers = {"Authorization": f"Bearer {options['api_token']}"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps({"sql": sql}).encode(), headers)) as answer:
        found: list[dict[str, Any]] = json.load(answer)["result"][0]["results"]
    return found


def assert_each_once(options: dict[str, Any]) -> None:
    assert ask(options, "SELECT count(*) AS n, count(DISTINCT record_id) AS ids FROM logs") == [
        {"n": RECORDS, "ids": RECORDS}
    ]
    bodies = {row["body"] for row in ask(options, "SELECT body FROM logs")}
    assert bodies == {f"record {n}" for n in range(RECORDS)}


STORM = status(429, {"Retry-After": "0"})
DAYS: dict[str, list[Fault]] = {
    "every second answer is lost after the commit": [lost_answer, slow(0)] * 30,
    "a storm of 429": [STORM] * 40 + [status(429, {"Retry-After": "1"})],
    "errors of the server": [status(500), status(503), status(502, message="internal error; reference = x")] * 12,
    "a gateway that answers in HTML": [gateway_page] * 30,
    "connections are cut": [cut_request, slow(0)] * 30,
    "answers slower than the timeout": [slow(0)] * 5 + [slow(1.5)] * 8,
}


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day(cloudflare, bench, tmp_path, day):
    """Whatever happens to calls: nothing missing, nothing twice, nothing dead-lettered."""
    put_all(bench)
    with proxied(cloudflare.place.url) as proxy:
        options = {**cloudflare.options(f"{proxy.url}/client/v4"), "database_id": cloudflare.database(), **QUICK}
        proxy.faults.extend(DAYS[day])
        deliver(bench, *made(tmp_path, {**options, "timeout": "1s"}))
        assert not proxy.faults
        assert_each_once(options)
    assert sum(bench.count("exporter/d1", "exported", f"{n}.example") for n in range(3)) == RECORDS


def test_all_of_it_at_once(cloudflare, bench, tmp_path):
    """A random mixture, seeded."""
    chance = random.Random(4)
    faults = [lost_answer, cut_request, gateway_page, status(500), STORM, slow(0.05), slow(0), slow(0)]
    put_all(bench)
    with proxied(cloudflare.place.url) as proxy:
        options = {**cloudflare.options(f"{proxy.url}/client/v4"), "database_id": cloudflare.database(), **QUICK}
        proxy.faults.extend(chance.choices(faults, k=80))
        deliver(bench, *made(tmp_path, options))
        assert not proxy.faults
        assert_each_once(options)


def test_the_server_restarts_under_load(bench, tmp_path):
    """Down in the middle, back with its data: everything is there once."""
    put_all(bench)
    first = Cloudflare(pool=1, state_dir=tmp_path / "state")
    place = first.__enter__()
    port = int(place.url.rpartition(":")[2])
    options = {
        "account_id": place.account_id, "api_token": place.token, "base_url": place.base_url,
        "max_calls_per_5m": 0, "database_id": place.databases[0], **QUICK,
    }  # fmt: skip
    second = Cloudflare(pool=1, state_dir=tmp_path / "state", port=port)
    exporter, config = made(tmp_path, options)

    def restart() -> None:
        while bench.partition.queues()["d1"].records > RECORDS - 1000:
            time.sleep(0.01)
        first.__exit__()
        assert bench.partition.queues()["d1"].records > 0
        second.__enter__()

    deliver(bench, exporter, config, restart)
    assert_each_once(options)
    second.__exit__()


def test_logboom_stops_in_the_middle_and_comes_back(cloudflare, bench, tmp_path):
    """What was under way when it stopped is sent again by the next process, and adds nothing."""
    put_all(bench)
    options = {**cloudflare.options(), "database_id": cloudflare.database(), **QUICK}
    exporter, config = made(tmp_path, options)
    delivery = Delivery({"d1": (exporter, config)}, [bench.ledger])
    delivery.start()
    while bench.partition.queues()["d1"].records > RECORDS - 2000:
        time.sleep(0.01)
    delivery.shutdown(0)
    bench.reopen()
    assert bench.partition.queues()["d1"].records > 0
    deliver(bench, *made(tmp_path, options))
    assert_each_once(options)
