"""Bad days between delivery and D1: over ten thousand records, and at the end each of them once."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counterparts.bad_days import DAYS, QUICK, SMALL, Load, mixture
from counterparts.cloudflare import Cloudflare, Pool
from counterparts.fault_proxy import Fault, proxied
from exporters.d1 import FACTORY


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with Load(tmp_path, FACTORY) as one:
        yield one


def through(cloudflare: Pool, load: Load, faults: list[Fault]) -> None:
    """Deliver through these faults; all of them come to pass."""
    with proxied(cloudflare.place.url) as proxy:
        options = {**QUICK, **cloudflare.options(f"{proxy.url}/client/v4"), "database_id": cloudflare.database()}
        proxy.faults.extend(faults)
        load.deliver(options)
        assert not proxy.faults
        assert_each_once(load, options)


def assert_each_once(load: Load, options: dict[str, Any]) -> None:
    """Count, ids and bodies."""
    url = f"{options['base_url']}/accounts/{options['account_id']}/d1/database/{options['database_id']}/query"
    headers = {"Authorization": f"Bearer {options['api_token']}"}
    question = json.dumps({"sql": "SELECT record_id, body FROM logs"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, question, headers)) as answer:
        rows = json.load(answer)["result"][0]["results"]
    assert sorted(row["record_id"] for row in rows) == sorted(load.ids)
    assert sorted(row["body"] for row in rows) == sorted(load.bodies)


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day(cloudflare, load, day):
    """Whatever happens to calls: nothing missing, nothing twice, nothing dead-lettered."""
    through(cloudflare, load, DAYS[day])


@pytest.mark.parametrize("seed", [4, 5])
def test_all_of_it_at_once(cloudflare, load, seed):
    """A random mixture."""
    through(cloudflare, load, mixture(seed, rounds=5))


def test_the_server_restarts_under_load(load, tmp_path):
    """Down in the middle, back with its data."""
    server = Cloudflare(pool=1, state_dir=tmp_path / "state")
    with server as place:
        options = {**QUICK, **Pool(place).options(), "database_id": place.databases[0], "sending_queue": SMALL}
        load.start(options)
        load.await_some()
    assert load.queued > 0
    with server:
        load.finish()
        assert_each_once(load, options)


def test_logboom_stops_in_the_middle_and_comes_back(cloudflare, load):
    """What was under way when it stopped is sent again by the next process, and adds nothing."""
    options = {**QUICK, **cloudflare.options(), "database_id": cloudflare.database(), "sending_queue": SMALL}
    load.deliver_in_two_lives(options)
    assert_each_once(load, options)
