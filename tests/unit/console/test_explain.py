"""Why a record was judged as it was: the API, the panel, and the child that finds it out."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.cli.defaults import default_config
from collector.console import explainer
from collector.console.explainer import Explainer
from collector.console.refusal import Busy, Refused
from collector.explaining.child import Order
from collector.samples import batch_of
from collector.settings import load
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from counterparts.console import asked

pytestmark = pytest.mark.anyio

RECORD = {"body": "<b>no space</b> left on device", "severity": "ERROR", "resource": {"service.name": "shop-prod"}}
CONFIG = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "processors": {"categorize": {}, "triage": {"rules": [{"id": "own/full", "when": 'IsMatch(body, "no space")', "level": "info"}]}},
    "exporters": {"sqlite": {}},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite"]}}},
}  # fmt: skip


def stored(root: Path, domain: str = "a.example") -> str:
    """A record that was judged by other rules than those of now; its id."""
    batch = batch_of([RECORD], domain)
    judged = batch.with_attributes(
        {"logboom.component": pl.Series(["Stale"]), "logboom.triage.level": pl.Series(["critical"])}
    )
    store = EmbeddedStore(root / "store.db")
    store.insert(rows(judged, Limits()))
    store.close()
    return str(batch.column("record_id")[0])


@pytest.mark.slow
async def test_the_api_and_the_panel_say_what_was_decided_and_why_it_would_be_now(tmp_path: Path) -> None:
    """By a real child. Both say the same; who sees one domain is told of no path, and of no record of others."""
    ident = stored(tmp_path)
    async with asked(tmp_path, config=CONFIG) as client:
        told = (await client.get(f"/api/v1/logs/{ident}/explain")).json()
        assert told["stored"] | {"logboom.component": "Stale", "logboom.triage.level": "critical"} == told["stored"]
        found = {each["subject"]: each for each in told["explanations"]}
        assert found["logboom.component"]["answer"] == "shop-prod"
        assert found["logboom.component"]["because"] == "resource attribute service.name"
        assert found["logboom.triage.level"]["because"] == "rule own/full"
        assert all(each["decides"] for each in told["explanations"])
        everything = (await client.get(f"/api/v1/logs/{ident}/explain", params={"all": "true"})).json()
        assert len(everything["explanations"]) > len(told["explanations"])
        panel = (await client.get("/panels/logs.explained", params={"record_id": ident})).text
        page = (await client.get(f"/logs/{ident}/explained")).text
        for text in (panel, page):
            assert "rule own/full" in text
            assert "when it came: <bdi>critical</bdi>" in text
            assert "<b>no space" not in text
        assert f"/logs/{ident}/explained" in (await client.get(f"/logs/{ident}", headers={"hx-request": "true"})).text
        for path in (f"/api/v1/logs/{ident}/explain?domain=b.example", f"/api/v1/logs/{ident}/explain?pipeline=logs/none",
                     f"/api/v1/logs/{'0' * 26}/explain"):  # fmt: skip
            assert (await client.get(path)).status_code == 404


class Held:
    """Children that answer when they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most, self._running, self._lock, self.go = 0, 0, threading.Lock(), threading.Event()
        monkeypatch.setattr(explainer, "_child", self._child)

    def _child(self, order: Order) -> list[Any]:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        assert self.go.wait(60)
        with self._lock:
            self._running -= 1
        return [{"of": order.pipeline}]


async def test_two_children_run_at_once_few_wait_and_what_was_found_is_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who went away meanwhile takes no place from others for longer than the child runs."""
    held, made = Held(monkeypatch), Explainer()
    settings = load([str(default_config())], [])
    order = Order(settings, "logs", {}, tmp_path)
    waiting = [asyncio.create_task(made.ask(("logs", "a", str(number)), order)) for number in range(6)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await made.ask(("logs", "a", "more"), order)
    waiting[5].cancel()
    held.go.set()
    assert await asyncio.gather(*waiting[:5]) == [[{"of": "logs"}]] * 5
    assert held.most == 2
    held.go.clear()
    assert await made.ask(("logs", "a", "0"), order) == [{"of": "logs"}]
    held.go.set()
    assert await made.ask(("logs", "a", "more"), order) == [{"of": "logs"}]
    made.close()


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (subprocess.TimeoutExpired("child", 20), 503),
        (subprocess.CalledProcessError(-9, "child", stderr=b"killed"), 500),
    ],
    ids=["time", "death"],
)
async def test_a_child_that_does_not_answer_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: Exception, status: int
) -> None:
    """Nothing of it is remembered, and its place is free again."""

    def run(*_: Any, **__: Any) -> None:
        raise ends

    monkeypatch.setattr(subprocess, "run", run)
    made, order = Explainer(), Order(load([str(default_config())], []), "logs", {}, tmp_path)
    for _ in range(8):
        with pytest.raises(Refused) as told:
            await made.ask(("logs", "a", "1"), order)
        assert told.value.status == status
    made.close()
