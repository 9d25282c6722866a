"""Bad days between delivery and a real OpenSearch: over ten thousand records, and at the end each of them once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counterparts.bad_days import DAYS, QUICK, SMALL, Load, mixture
from counterparts.fault_proxy import Fault, proxied
from counterparts.opensearch import OpenSearch
from exporters.elasticsearch import FACTORY

pytestmark = pytest.mark.timeout(600)  # the first run installs OpenSearch


@pytest.fixture(scope="module")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    one = OpenSearch(tmp_path_factory.mktemp("opensearch"))
    one.start()
    yield one
    one.kill()


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    return (f"day-{number}" for number in itertools.count())


@pytest.fixture
def index(opensearch: OpenSearch, names: Iterator[str]) -> str:
    name = next(names)
    assert opensearch.call("PUT", f"/{name}", {"settings": {"number_of_replicas": 0}})[0] == 200
    return name


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with Load(tmp_path, FACTORY) as one:
        yield one


def options_of(url: str, index: str, **more: Any) -> dict[str, Any]:
    return {**QUICK, "endpoint": url, "logs_index": index, "mapping": {"mode": "raw"}, **more}


def assert_each_once(opensearch: OpenSearch, index: str, load: Load) -> None:
    """Count and ids."""
    assert sorted(opensearch.ids(index)) == sorted(load.ids)
    assert opensearch.count(index) == len(load.ids)


def through(opensearch: OpenSearch, index: str, load: Load, faults: list[Fault]) -> None:
    """Deliver through these faults; all of them come to pass."""
    with proxied(opensearch.url) as proxy:
        proxy.faults.extend(faults)
        load.deliver(options_of(proxy.url, index))
        assert not proxy.faults
        assert {path for path in proxy.paths if not path.endswith("/_bulk")} == set()
    assert_each_once(opensearch, index, load)


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day(opensearch, index, load, day):
    """Whatever happens to calls: nothing missing, nothing twice, nothing dead-lettered."""
    through(opensearch, index, load, DAYS[day])


@pytest.mark.parametrize("seed", [4, 5])
def test_all_of_it_at_once(opensearch, index, load, seed):
    """A random mixture."""
    through(opensearch, index, load, mixture(seed, rounds=5))


def test_the_server_is_killed_under_load(opensearch, index, load):
    """SIGKILL in the middle, with requests under way; back with what it had made durable."""
    with proxied(opensearch.url) as proxy:
        load.start(options_of(proxy.url, index, sending_queue=SMALL))
        load.await_some()
        opensearch.kill()
        asked, patience = len(proxy.paths), time.monotonic() + 30
        while len(proxy.paths) < asked + 3:
            assert time.monotonic() < patience, "nobody asks the dead server"
            time.sleep(0.01)
        opensearch.start()
        load.finish()
    assert_each_once(opensearch, index, load)


def test_logboom_stops_in_the_middle_and_comes_back(opensearch, index, load):
    """What was under way when it stopped is sent again by the next process, and is there already."""
    load.deliver_in_two_lives(options_of(opensearch.url, index, sending_queue=SMALL))
    assert_each_once(opensearch, index, load)
