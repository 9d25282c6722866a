"""A search as a monitor: its page says what it would have told, and lines that the configuration takes as they are."""

from __future__ import annotations

import html
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from collector.connectors.alerting.config import AlertingConfig
from collector.console.pages.drafting import configuration, draft, monitor_of
from collector.console.refusal import Refused
from collector.samples import batch_of
from collector.settings import load
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from counterparts.console import asked

pytestmark = pytest.mark.anyio
SECOND = 10**9
NOW = time.time_ns()
CONFIG: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "connectors": {
        "alerting/people": {
            "route": {"receiver": "office", "routes": [{"matchers": ['service="till"'], "receiver": "shop"}]},
            "receivers": {"office": ["webhook"], "shop": ["webhook"]},
        }
    },
    "exporters": {"sqlite": {}, "webhook": {"endpoint": "https://chat.example/hook"}},
    "service": {
        "pipelines": {
            "logs": {"receivers": ["otlp"], "exporters": ["sqlite", "alerting/people"]},
            "logs/alerts": {"receivers": ["alerting/people"], "exporters": ["webhook"]},
        }
    },
}


def samples(domain: str, service: str, count: int) -> Any:
    said = [
        {"body": "it failed", "time_unix_nano": NOW - (7200 + at) * SECOND, "resource": {"service.name": service}}
        for at in range(count)
    ]
    return rows(batch_of(said, domain), Limits())


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store = EmbeddedStore(tmp_path / "store.db")
    store.open()
    store.insert(samples("a.example", "till", 40))
    store.insert(samples("b.example", "shop", 10))
    store.close()
    async with asked(tmp_path, config=CONFIG) as opened:
        yield opened


def lines(page: str) -> str:
    """Those that are to be copied."""
    found = re.search(r'<code id="monitor-lines">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


async def test_it_says_how_often_it_would_have_told_and_whom(client: httpx.AsyncClient) -> None:
    page = await client.get("/monitors/new?q=failed&count=20&group_by=service&try=1d")
    assert page.status_code == 200
    assert "In the last 24 hours: one alert." in text(page.text)
    assert "50 records match, at most 40 of them within 5 min." in text(page.text)
    assert "domain=a.example · service=till" in text(page.text)
    assert re.search(r'class="narrow-off"><bdi>shop</bdi></td>', page.text)
    assert "Nobody is told yet" not in page.text


async def test_the_lines_are_a_configuration(client: httpx.AsyncClient) -> None:
    said = lines(
        (await client.get("/monitors/new?q=failed&when=below&count=3&window=10m&for=1h&domain=b.example")).text
    )
    merged = {"monitors": yaml.safe_load(said)["connectors"]["alerting/people"]["monitors"]}
    given = {**CONFIG, "connectors": {"alerting/people": {**CONFIG["connectors"]["alerting/people"], **merged}}}
    options = load([f"yaml:{yaml.safe_dump(given)}"], environ={}).connectors["alerting/people"].config
    assert isinstance(options, AlertingConfig)
    [monitor] = options.monitors
    assert (monitor.query, monitor.below, monitor.window, monitor.for_) == ("failed domain:b.example", 3, 600, 3600)


@pytest.mark.parametrize("query", ['"price ${env:HOME} $5"', "'it''s'", '"\u202e<b>\x1b"', '"ä: - #"', "@a.b:*"])
def test_what_is_searched_for_reaches_the_configuration_as_it_is(query: str) -> None:
    whole = yaml.safe_load(configuration(draft({"q": query}), "alerting"))["connectors"]["alerting"]
    given = {**CONFIG, "connectors": {"alerting/people": {**CONFIG["connectors"]["alerting/people"], **whole}}}
    options = load([f"yaml:{yaml.safe_dump(given)}"], environ={"HOME": "/root"}).connectors["alerting/people"].config
    assert isinstance(options, AlertingConfig)
    assert options.monitors[0].query == query


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"group_by": "servise"}, "did you mean service?"),
        ({"count": "many"}, "above"),
        ({"q": "level:("}, "query"),
        ({"when": "sometimes", "count": "1"}, "sometimes"),
        ({"window": "1s"}, "window"),
    ],
)
async def test_what_is_no_monitor_says_why_and_keeps_what_was_written(
    client: httpx.AsyncClient, given: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=re.escape(said)):
        monitor_of(draft(given))
    page = await client.get("/monitors/new", params=given)
    assert page.status_code == 200
    assert "That can't be a monitor yet." in page.text
    assert "monitor-lines" not in page.text


async def test_every_search_leads_to_it(client: httpx.AsyncClient) -> None:
    page = (await client.get("/logs?q=level:critical+shop&domain=a.example&from=now-6h")).text
    links = {html.unescape(each) for each in re.findall(r'href="(/monitors/new[^"]*)"', page)}
    assert links == {"/monitors/new?domain=a.example&from=now-6h&q=level%3Acritical+shop"}
