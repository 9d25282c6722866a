"""Bad days between delivery and Workers KV: over ten thousand records, and at the end exact counts and every record once."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from counterparts.bad_days import DAYS, DOMAINS, QUICK, RECORDS, SMALL, Load, mixture
from counterparts.cloudflare import Cloudflare, Pool
from counterparts.fault_proxy import Call, Fault, proxied
from exporters.kv import FACTORY

OPTIONS = {**QUICK, "min_write_interval": "0s"}
SLOWLY = {**OPTIONS, "sending_queue": SMALL}
EACH = RECORDS // len(DOMAINS)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with Load(tmp_path, FACTORY) as one:
        yield one


class Namespace:
    """Reads a namespace as a page would."""

    def __init__(self, options: dict[str, Any]) -> None:
        account = f"{options['base_url']}/accounts/{options['account_id']}"
        self.url = f"{account}/storage/kv/namespaces/{options['namespace_id']}"
        self.headers = {"Authorization": f"Bearer {options['api_token']}", "Content-Type": "application/json"}

    def call(self, path: str, document: object = None) -> Any:
        data = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, self.headers)) as answer:
            return json.load(answer)["result"]

    def keys(self, prefix: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(f"/keys?prefix={prefix}")
        return found

    def values(self, prefix: str) -> list[Any]:
        names = [key["name"] for key in self.keys(prefix)]
        assert len(names) <= 100
        return [json.loads(value) for value in self.call("/bulk/get", {"keys": names})["values"].values()]


def assert_the_view_is_exact(load: Load, options: dict[str, Any], before: int = 0) -> None:
    """Counts add up to what was sent (and `before`, of each domain); the newest records of each domain are there, each once, in order."""
    namespace, ids = Namespace(options), []
    recent = min(options.get("recent", 1000), EACH)
    for domain in DOMAINS:
        hours = namespace.values(f"logboom/v1/counts/{domain}/")
        assert sum((Counter(hour["levels"]) for hour in hours), Counter()) == {"info": before + EACH}
        chunks = sorted(namespace.values(f"logboom/v1/recent/{domain}/"), key=lambda chunk: chunk["first"])
        numbers = [chunk["first"] + at for chunk in chunks for at in range(len(chunk["records"]))]
        assert numbers[-recent:] == list(range(before + EACH - recent, before + EACH))
        ids += [record["record_id"] for chunk in chunks for record in chunk["records"]][-recent:]
    assert len(set(ids)) == recent * len(DOMAINS)
    assert set(ids) <= set(load.ids)


def on_write(fault: Fault) -> Fault:
    """The fault of the next write; reads pass (a new view begins with some)."""

    async def one(call: Call) -> web.Response:
        if call.request.method == "PUT":
            return await fault(call)
        call.proxy.faults.appendleft(one)
        return await call.forward()

    return one


def through(cloudflare: Pool, load: Load, faults: list[Fault], **more: Any) -> None:
    """Deliver through these faults; all of them come to pass."""
    with proxied(cloudflare.place.url) as proxy:
        mine = {**cloudflare.options(f"{proxy.url}/client/v4"), "namespace_id": cloudflare.namespace()}
        proxy.faults.extend(map(on_write, faults))
        load.deliver({**OPTIONS, **mine, **more})
        assert not proxy.faults
        assert_the_view_is_exact(load, {**mine, **more})


async def some_refused(call: Call) -> web.Response:
    """KV takes every second key."""
    pairs = json.loads(call.body)
    await Call(call.request, json.dumps(pairs[::2]).encode(), call.proxy).forward()
    refused = [pair["key"] for pair in pairs[1::2]]
    result = {"successful_key_count": len(pairs[::2]), "unsuccessful_keys": refused}
    return web.json_response({"success": True, "errors": [], "messages": [], "result": result})


@pytest.mark.parametrize("day", [*DAYS, "some keys are refused"])
def test_a_bad_day(cloudflare, load, day):
    """Whatever happens to calls: counts are exact, and all twelve thousand ids are there once."""
    through(cloudflare, load, DAYS.get(day, [some_refused] * 10), recent=EACH)


@pytest.mark.parametrize("seed", [4, 5])
def test_all_of_it_at_once(cloudflare, load, seed):
    """A random mixture; only the newest thousand are kept of each domain, so slots are written over and over."""
    through(cloudflare, load, mixture(seed, rounds=2))


def test_the_server_restarts_under_load(load, tmp_path):
    """Down in the middle, back with its data."""
    server = Cloudflare(pool=1, state_dir=tmp_path / "state")
    with server as place:
        options = {**SLOWLY, **Pool(place).options(), "namespace_id": place.namespaces[0], "recent": EACH}
        load.start(options)
        load.await_some()
    assert load.queued > 0
    with server:
        load.finish()
        assert_the_view_is_exact(load, options)


def test_logboom_stops_in_the_middle_and_comes_back(cloudflare, load):
    """Records that come again are not counted again."""
    options = {**SLOWLY, **cloudflare.options(), "namespace_id": cloudflare.namespace()}
    load.deliver_in_two_lives(options)
    assert_the_view_is_exact(load, options)


def test_only_refused_keys_are_written_again(cloudflare, load):
    """The write after a refusal holds those keys, and others only if more records came meanwhile."""
    sent: list[list[str]] = []

    async def noted(call: Call) -> web.Response:
        sent.append([pair["key"] for pair in json.loads(call.body)])
        return await (some_refused(call) if len(sent) == 1 else call.forward())

    with proxied(cloudflare.place.url) as proxy:
        proxy.faults.extend([on_write(noted)] * 2)
        mine = {**cloudflare.options(f"{proxy.url}/client/v4"), "namespace_id": cloudflare.namespace()}
        one_request = {"batch": {"flush_timeout": "1s", "min_size": RECORDS}, "max_request_bytes": "32MiB"}
        load.deliver({**OPTIONS, **mine, "sending_queue": {**one_request, "num_consumers": 1}})
        keys = {key["name"]: key for key in Namespace(mine).keys("")}
    assert sent[1] == sent[0][1::2]
    assert set(keys) == set(sent[0])
    assert all(key["metadata"]["v"] == 1 and key["expiration"] for key in keys.values())


def test_logboom_comes_back_on_an_empty_disk(cloudflare, load, tmp_path):
    """Numbers and counts go on where KV stands, also when reading it fails a few times first."""
    options = {**OPTIONS, **cloudflare.options(), "namespace_id": cloudflare.namespace()}
    load.deliver(options)
    (tmp_path / "elsewhere").mkdir()
    with Load(tmp_path / "elsewhere", FACTORY) as again, proxied(cloudflare.place.url) as proxy:
        proxy.faults.extend(mixture(6, rounds=1))
        again.deliver({**options, "base_url": f"{proxy.url}/client/v4"})
        assert not proxy.faults
        assert_the_view_is_exact(again, options, before=EACH)
