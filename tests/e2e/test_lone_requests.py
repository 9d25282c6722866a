"""A request that nothing follows is processed as soon as one in a stream: no acknowledged record waits for the next."""

from __future__ import annotations

import os
import random
import time
import urllib.request
from pathlib import Path

import pytest

from collector.testing.service import Service
from counterparts.numbered import HEADER, request

REQUESTS = int(os.environ.get("LOGBOOM_LONE_REQUESTS", "20"))
BOUND_SECS = 20.0  # ten times what is promised

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + 2 * REQUESTS)]


def test_each_lone_request_is_stored_before_the_next_comes(tmp_path: Path) -> None:
    """At random pauses; the slowest tells what a sender may expect."""
    draw, slowest = random.Random(9), 0.0
    with Service(tmp_path) as service:
        for number in range(REQUESTS):
            asked = urllib.request.Request(
                f"http://127.0.0.1:{service.http}/v1/logs",
                request(range(number, number + 1), "lone"),
                {"Content-Type": "application/x-protobuf", HEADER: "tamyla.com"},
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:
                assert answer.status == 200
            began = time.monotonic()
            service.await_stored(number + 1, BOUND_SECS)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(draw.uniform(0.0, 0.4))
    print(f"the slowest of {REQUESTS} lone requests was stored after {slowest:.2f} s")
