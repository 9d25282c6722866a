"""A tail over deaths: 500 records a second, while the console, those who store and the connections of who follows are killed. Each record's id is
told once, and none is missing. In the long form (`make tail-kills`) a real Chromium shows them, too."""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from collector.cli.traffic.client import HttpClient
from collector.testing.service import Service, free_ports
from counterparts.browser import browser
from counterparts.numbered import HEADER, request

SECONDS = float(os.environ.get("LOGBOOM_TAIL_SECONDS", "4"))
_LONG = "LOGBOOM_TAIL_SECONDS" in os.environ
_DOMAIN, _BATCH, _PER_SECOND = "tamyla.com", 25, 500
_PATIENCE_SECS = 120.0
_COLLECT = """() => {
  window.shown = [];
  new MutationObserver((changes) => {
    for (const change of changes)
      for (const row of change.addedNodes)
        if (row.nodeType === 1 && row.matches("tr.line")) window.shown.push(...row.dataset.ids.split(" "));
  }).observe(document.querySelector(".loglist"), { childList: true, subtree: true });
}"""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400 + 4 * SECONDS)]


class Sender(threading.Thread):
    """Sends until `stop`; each request until it is acknowledged."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._client = HttpClient(f"http://127.0.0.1:{port}", False, HEADER)
        self._enough = threading.Event()
        self.acknowledged = 0

    def run(self) -> None:
        due = time.monotonic()
        while not self._enough.is_set():
            body = request(range(self.acknowledged, self.acknowledged + _BATCH), "shop")
            while self._client.send(body, _DOMAIN):
                time.sleep(0.05)
            self.acknowledged += _BATCH
            due = max(due + _BATCH / _PER_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
        self._client.close()

    def stop(self) -> None:
        self._enough.set()
        self.join(_PATIENCE_SECS)
        assert not self.is_alive()


class Follower(threading.Thread):
    """Comes again behind the last event that it had whole, after every cut; many it makes itself."""

    def __init__(self, port: int, draw: random.Random) -> None:
        super().__init__(daemon=True)
        self._url = f"http://127.0.0.1:{port}/api/v1/logs/tail?domain={_DOMAIN}&after=0"
        self._draw = draw
        self._place = ""
        self._done = threading.Event()
        self.told: list[str] = []
        self.others: list[str] = []
        self.cuts = 0

    def run(self) -> None:
        while not self._done.is_set():
            with contextlib.suppress(OSError, HTTPException):
                self._follow()
            self.cuts += 1
            time.sleep(0.02)

    def stop(self) -> None:
        self._done.set()
        self.join(_PATIENCE_SECS)
        assert not self.is_alive()

    def _follow(self) -> None:
        headers = {"last-event-id": self._place} if self._place else {}
        with urlopen(Request(self._url, headers=headers), timeout=30) as answer:
            ends = time.monotonic() + self._draw.uniform(0.05, 1.5)
            for place, name, data in _events(answer):
                self._place = place
                self.told += [row["record_id"] for row in data.get("records", ())]
                self.others += [name] if name in ("skipped", "reset") else []
                if time.monotonic() > ends or self._done.is_set():
                    return


def _events(answer: Any) -> Iterator[tuple[str, str, Any]]:
    """Whole ones."""
    fields: dict[str, str] = {}
    for line in answer:
        if line == b"\n":
            if "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}
            continue
        name, _, value = line.decode().rstrip("\n").partition(": ")
        fields[name] = value


def kill_one(service: Service, draw: random.Random) -> str:
    """The console (which steps back behind the others), or another child."""
    with contextlib.suppress(psutil.NoSuchProcess):
        nice = psutil.Process().nice()
        consoles = [child for child in service.children() if child.nice() > nice]
        others = [child for child in service.children() if child.nice() == nice]
        name, victims = draw.choice([("console", consoles), ("other", others)])
        if victims:
            draw.choice(victims).kill()
            return name
    return ""


def await_(met: Callable[[], bool], service: Service) -> None:
    deadline = time.monotonic() + _PATIENCE_SECS
    while not met():
        assert time.monotonic() < deadline, service.log.read_text()[-4000:]
        time.sleep(0.1)


@contextlib.contextmanager
def page_of(url: str) -> Iterator[Any]:
    """The page Logs, live, that keeps the ids of rows that it showed."""
    with browser() as found:
        page = found.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.goto(url)
        page.wait_for_selector("html[data-ready]")
        page.evaluate(_COLLECT)
        page.keyboard.press("l")
        page.wait_for_selector(".chip.live")
        yield page


def test_each_record_is_told_once_over_any_death(tmp_path: Path) -> None:
    draw = random.Random(7)
    (port,) = free_ports(1)
    override = (
        f"extensions: {{console: {{endpoint: '127.0.0.1:{port}'}}}}\nservice: {{extensions: [console, health_check]}}"
    )
    with Service(tmp_path, override) as service, contextlib.ExitStack() as stack:
        await_(lambda: service.get("/", port)[0] == 200, service)
        follower, sender = Follower(port, draw), Sender(service.http)
        follower.start()
        page = stack.enter_context(page_of(f"http://127.0.0.1:{port}/logs?domain={_DOMAIN}")) if _LONG else None
        sender.start()
        ends, kills = time.monotonic() + SECONDS, Counter[str]()
        while time.monotonic() < ends or not {"console", "other"} <= kills.keys():
            assert time.monotonic() < ends + _PATIENCE_SECS
            time.sleep(draw.uniform(0.3, 1.2))
            kills[kill_one(service, draw)] += 1
        sender.stop()
        service.await_stored(sender.acknowledged, _PATIENCE_SECS)
        stored = [ident for (ident,) in service.rows("SELECT record_id FROM sent ORDER BY rowid")]
        await_(lambda: len(follower.told) >= len(stored), service)
        follower.stop()
        assert follower.told == stored
        assert follower.others == []
        assert follower.cuts
        if page is not None:
            page.wait_for_function(
                "(count) => window.shown.length >= count", arg=len(stored), timeout=_PATIENCE_SECS * 1000
            )
            assert Counter(page.evaluate("window.shown")) == Counter(stored)
        print(f"{len(stored)} records, {follower.cuts} cuts, killed: {dict(kills)}")
        assert service.terminate() == 0
