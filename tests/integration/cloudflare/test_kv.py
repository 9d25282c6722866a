"""The kv exporter against workerd's own KV: the newest records and exact counts, whatever happens to calls."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from collector.component import Context
from collector.delivery.engine import Delivery
from collector.ledger.plan import PipelinePlan
from collector.testing.conservation import assert_conserved
from collector.testing.fault_proxy import (
    Call,
    Fault,
    cut_request,
    gateway_page,
    lost_answer,
    proxied,
    slow,
    status,
)  # fmt: skip
from collector.testing.partition_bench import PartitionBench, plan
from exporters.kv import FACTORY

RECORDS, PAYLOAD, DOMAINS = 12_000, 200, 3
QUICK = {
    "retry_on_failure": {"initial_interval": "10ms", "max_interval": "50ms"},
    "sending_queue": {"batch": {"flush_timeout": "20ms", "min_size": 600, "max_size": 600}},
    "min_write_interval": "0s",
}


@pytest.fixture
def bench(tmp_path):
    one = PartitionBench(tmp_path, plan(PipelinePlan("logs", frozenset({"otlp"}), ("kv",))))
    yield one
    assert_conserved(one.partition)
    one.close()


def put_all(bench: PartitionBench) -> None:
    for first in range(0, RECORDS, PAYLOAD):
        domain = f"{first // PAYLOAD % DOMAINS}.example"
        bench.put(*(f"record {n}" for n in range(first, first + PAYLOAD)), domain=domain)
        bench.step()


def queued(bench: PartitionBench) -> int:
    return bench.partition.queues()["kv"].records


def started(bench: PartitionBench, tmp_path: Path, options: dict[str, Any]) -> Delivery:
    config = FACTORY.config(**options)
    delivery = Delivery({"kv": (FACTORY.create(config, Context("kv", tmp_path)), config)}, [bench.ledger])
    delivery.start()
    return delivery


def deliver(bench: PartitionBench, tmp_path: Path, options: dict[str, Any]) -> None:
    delivery = started(bench, tmp_path, options)
    try:
        while queued(bench):
            time.sleep(0.02)
    finally:
        delivery.shutdown(5)


class Namespace:
    """Reads a namespace as a page would."""

    def __init__(self, options: dict[str, Any]) -> None:
        account = f"{options['base_url']}/accounts/{options['account_id']}"
        self.url = f"{account}/storage/kv/namespaces/{options['namespace_id']}"
        self.headers = {"Authorization": f"Bearer {options['api_token']}"}

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=self.headers)) as answer:
            return json.load(answer)

    def keys(self, prefix: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/keys?prefix={prefix}")["result"]
        return found

    def values(self, prefix: str) -> list[Any]:
        return [self.get(f"/values/{key['name'].replace('/', '%2F')}") for key in self.keys(prefix)]


def assert_the_view_is_exact(options: dict[str, Any], recent: int = 1000) -> None:
    """Counts add up to what was sent; the newest records of each domain are there, each once, in order."""
    namespace = Namespace(options)
    for n in range(DOMAINS):
        hours = namespace.values(f"logboom/v1/counts/{n}.example/")
        assert sum((Counter(hour["levels"]) for hour in hours), Counter()) == {"info": RECORDS // DOMAINS}
        chunks = sorted(namespace.values(f"logboom/v1/recent/{n}.example/"), key=lambda chunk: chunk["first"])
        newest = [record for chunk in chunks for record in chunk["records"]][-recent:]
        assert len({record["record_id"] for record in newest}) == recent
        ended = chunks[-1]["first"] + len(chunks[-1]["records"])
        assert ended == RECORDS // DOMAINS
        numbers = [chunk["first"] + at for chunk in chunks for at in range(len(chunk["records"]))]
        assert numbers[-recent:] == list(range(ended - recent, ended))


async def some_refused(call: Call) -> web.Response:
    """KV takes every second key."""
    pairs = json.loads(call.body)
    half = Call(call.request, json.dumps(pairs[::2]).encode(), call.proxy)
    await half.forward()
    refused = [pair["key"] for pair in pairs[1::2]]
    result = {"successful_key_count": len(pairs[::2]), "unsuccessful_keys": refused}
    return web.json_response({"success": True, "errors": [], "messages": [], "result": result})


DAYS: dict[str, list[Fault]] = {
    "a good day": [],
    "every second answer is lost after the write": [lost_answer, slow(0)] * 10,
    "a storm of 429": [status(429, {"Retry-After": "0"})] * 15,
    "errors and pages in HTML": [status(500), gateway_page, status(503)] * 6,
    "connections are cut": [cut_request, slow(0)] * 10,
    "answers slower than the timeout": [slow(1.5)] * 3,
    "some keys are refused": [some_refused] * 12,
}


@pytest.mark.parametrize("day", DAYS)
def test_the_view_is_exact(cloudflare, bench, tmp_path, day):
    """After twelve thousand records over three domains."""
    put_all(bench)
    with proxied(cloudflare.place.url) as proxy:
        options = {**cloudflare.options(f"{proxy.url}/client/v4"), "namespace_id": cloudflare.namespace(), **QUICK}
        proxy.faults.extend(DAYS[day])
        deliver(bench, tmp_path, {**options, "timeout": "1s"})
        assert not proxy.faults
        assert_the_view_is_exact(options)


def test_logboom_stops_in_the_middle_and_comes_back(cloudflare, bench, tmp_path):
    """Records that come again are not counted again."""
    put_all(bench)
    options = {**cloudflare.options(), "namespace_id": cloudflare.namespace(), **QUICK}
    delivery = started(bench, tmp_path, options)
    while queued(bench) > RECORDS - 1500:
        time.sleep(0.01)
    delivery.shutdown(0)
    bench.reopen()
    assert queued(bench) > 0
    deliver(bench, tmp_path, options)
    assert_the_view_is_exact(options)


def test_only_refused_keys_are_written_again(cloudflare, bench, tmp_path):
    """The next write holds those and no others."""
    bench.put(*(f"record {n}" for n in range(250)))
    bench.step()
    sent: list[list[str]] = []

    async def noted(call: Call) -> web.Response:
        sent.append([pair["key"] for pair in json.loads(call.body)])
        return await (some_refused(call) if len(sent) == 1 else call.forward())

    with proxied(cloudflare.place.url) as proxy:
        proxy.faults.extend([noted, noted])
        options = {**cloudflare.options(f"{proxy.url}/client/v4"), "namespace_id": cloudflare.namespace(), **QUICK}
        deliver(bench, tmp_path, options)
        keys = {key["name"]: key for key in Namespace(options).keys("")}
    assert len(sent) == 2
    assert sent[1] == sent[0][1::2]
    assert set(keys) == set(sent[0])
    assert all(key["metadata"]["v"] == 1 and key["expiration"] for key in keys.values())
