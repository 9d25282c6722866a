"""Bad days between delivery and an HTTP endpoint: over ten thousand records, none missing, doubled only where an answer was lost."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from counterparts.bad_days import CLEAN_DAYS, DAYS, DOMAINS, PATIENT, QUICK, RECORDS, SMALL, Load, mixture
from counterparts.fault_proxy import Fault, proxied
from counterparts.http_service import Handler, HttpService
from counterparts.on_thread import on_thread
from exporters.webhook import FACTORY

MOST = 100_000
ENDS = ("exported", "dead_lettered")


class Intake(HttpService):
    """A strict endpoint: JSON lines, no body over the limit, no poison. Keeps the lines of what it accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.poison = ""
        self.pause_secs = 0.0

    def routes(self) -> Iterator[tuple[str, Handler]]:
        yield "/", self._take

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(self.pause_secs)
        if request.content_type != "application/x-ndjson":
            self.wrong.append(request.content_type)
        if len(body) > MOST or not body.endswith(b"\n"):
            self.wrong.append(f"{len(body)} bytes")
        lines = [json.loads(line) for line in body.decode().split("\n")[:-1]]
        if self.poison and any(line["body"] == self.poison for line in lines):
            return web.Response(status=400)
        self.lines += lines
        return web.Response(status=202)

    def times(self, key: str) -> Counter[str]:
        """How often each record came, by a field."""
        return Counter(line[key] for line in self.lines)


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with Load(tmp_path, FACTORY) as one:
        yield one


@pytest.fixture
def intake() -> Iterator[Intake]:
    with on_thread(Intake()) as one:
        yield one
    assert one.wrong == []


def options(url: str, pace: Mapping[str, Any] = QUICK) -> dict[str, Any]:
    return {**pace, "url": url, "compression": "none", "max_body_bytes": MOST}


def through(intake: Intake, load: Load, faults: list[Fault], pace: Mapping[str, Any] = QUICK) -> None:
    """Deliver through these faults; all of them come to pass, and everything arrives."""
    with proxied(intake.url) as proxy:
        proxy.faults.extend(faults)
        load.deliver(options(proxy.url, pace))
        assert not proxy.faults
    assert intake.times("record_id").keys() == set(load.ids)
    assert intake.times("body").keys() == set(load.bodies)


@pytest.mark.parametrize("day", DAYS)
def test_a_bad_day(intake, load, day):
    """Nothing missing; each record once, unless answers were lost on the way back."""
    clean = day in CLEAN_DAYS
    through(intake, load, DAYS[day], PATIENT if clean else QUICK)
    assert (max(intake.times("record_id").values()) > 1) != clean


@pytest.mark.parametrize("seed", [6, 7])
def test_all_of_it_at_once(intake, load, seed):
    """A random mixture."""
    through(intake, load, mixture(seed, 4))


def test_logboom_stops_in_the_middle_and_comes_back(intake, load):
    """What was under way is sent again by the next process."""
    intake.pause_secs = 0.02
    load.deliver_in_two_lives({**options(intake.url), "sending_queue": SMALL})
    assert intake.times("record_id").keys() == set(load.ids)


def test_one_poisoned_record_is_found(intake, tmp_path):
    """The endpoint refuses each request that holds it; it alone becomes a dead letter, all others are delivered once."""
    load = Load(tmp_path, FACTORY)
    intake.poison = load.bodies[7777]
    load.deliver(options(intake.url))
    ends = {end: sum(load.bench.count(f"exporter/{FACTORY.name}", end, domain) for domain in DOMAINS) for end in ENDS}
    load.bench.close()
    assert ends == {"exported": RECORDS - 1, "dead_lettered": 1}
    assert set(load.bodies) - intake.times("body").keys() == {intake.poison}
    assert set(intake.times("record_id").values()) == {1}
