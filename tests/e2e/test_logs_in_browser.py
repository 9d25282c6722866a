"""The page of logs in a real Chromium: nothing that it complains about, nothing that axe finds, and records that mean no good."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.browser import browser, scrolls_sideways, shown, violations
from counterparts.console import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOSTILE = '<script>alert(1)</script>\x1b[31m\u202egpj "><img src=x onerror=alert(1)>'
RULES = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "processors": {"categorize": {}, "triage": {"rules": [{"id": "own/full", "when": 'IsMatch(body, "no space")', "level": "info", "title": HOSTILE}]}},
    "exporters": {"sqlite": {}},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite"]}}},
}  # fmt: skip
_TRACE = 'Traceback (most recent call last):\n  File "/srv/a.py", line 1\nValueError: no'
_NOW = time.time_ns()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Over records of all levels; the newest one is hostile in every field."""
    root = tmp_path_factory.mktemp("console")
    levels = ("critical", "warning", "info", "debug")
    made = [
        Row(f"{number:026}", [("logboom.triage.level", levels[number % 4]), ("exception.stacktrace", _TRACE)],
            resource=[("service.name", "shop")], fields={"domain": "a.example", "time_unix_nano": _NOW - (number + 1) * 10**9, "body": f"number {number}"})
        for number in range(1, 150)
    ]  # fmt: skip
    hostile = [
        ("logboom.triage.level", "critical"),
        *((name, HOSTILE) for name in ("logboom.component", "logboom.endpoint", HOSTILE)),
    ]
    fields = {"domain": "a.example", "time_unix_nano": _NOW, "body": HOSTILE, "severity_text": HOSTILE}
    store = EmbeddedStore(root / "store.db")
    store.insert(
        rows(batch_of([Row(f"{0:026}", hostile, resource=[("service.name", HOSTILE)], fields=fields), *made]), Limits())
    )
    store.close()
    with served(root) as url:
        yield url


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Over a hostile record, with rules of its own."""
    root = tmp_path_factory.mktemp("explained")
    fields = {"domain": "a.example", "time_unix_nano": _NOW, "body": f"no space {HOSTILE}"}
    store = EmbeddedStore(root / "store.db")
    record = Row(
        f"{0:026}", [("logboom.triage.level", "critical")], resource=[("service.name", HOSTILE)], fields=fields
    )
    store.insert(rows(batch_of([record]), Limits()))
    store.close()
    with served(root, config=RULES) as url:
        yield url


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_record_is_opened_by_keyboard_and_axe_finds_nothing(chromium: Browser, console: str, theme: str) -> None:
    with shown(chromium, f"{console}/logs?from=now-7d&q=number", theme=theme) as page:
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("o")
        page.wait_for_selector("tr.record")
        assert "ValueError" in page.locator("tr.record .trace .err").inner_text()
        assert page.locator("tr.line.open .msg").inner_text() == "number 2"
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.locator("tr.record").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_record_says_why_when_it_is_asked(chromium: Browser, explained: str, theme: str) -> None:
    """By keyboard, below the record that stays open; nothing was asked before. Narrow, it scrolls within itself."""
    with shown(chromium, f"{explained}/logs?from=now-7d", theme=theme, width=400) as page:
        page.keyboard.press("j")
        page.keyboard.press("o")
        page.wait_for_selector("tr.record")
        assert page.get_by_text("rule own/full").count() == 0
        page.get_by_role("link", name="Why critical?").press("Enter")
        page.get_by_text("rule own/full").first.wait_for()
        assert page.locator("main img").count() == 0
        assert page.locator("tr.line.open").count() == 1
        assert violations(page) == []
        assert not scrolls_sideways(page)


def test_hostile_records_are_text(chromium: Browser, console: str) -> None:
    """No dialog, no request to elsewhere, no element of theirs: `shown` asserts that the browser had nothing to say."""
    with shown(chromium, f"{console}/logs?from=now-7d") as page:
        page.keyboard.press("j")
        page.keyboard.press("o")
        page.wait_for_selector("tr.record")
        assert page.locator("main img").count() == 0
        assert page.locator("main script").count() == 0
        assert r"\u202e" in page.locator("tr.line.open .msg").inner_text()
        page.locator("tr.record [data-context]").click()
        page.wait_for_url("**/context?*")


def test_a_narrow_window_does_not_scroll_sideways(chromium: Browser, console: str) -> None:
    with shown(chromium, f"{console}/logs?from=now-7d", width=320) as page:
        page.locator("[data-lines] a").first.press("Enter")
        page.wait_for_selector("tr.record")
        assert not scrolls_sideways(page)
        assert violations(page) == []


def test_a_time_is_chosen_in_the_chart_and_stands_in_the_address(chromium: Browser, console: str) -> None:
    with shown(chromium, f"{console}/logs?q=number") as page:
        place = page.locator("[data-brush] .plot > svg").last.bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + place["width"] * 0.25, place["y"] + 40)
        page.mouse.down()
        page.mouse.move(place["x"] + place["width"] * 0.75, place["y"] + 40, steps=4)
        page.mouse.up()
        page.wait_for_url("**from=2*to=2*")
        assert "q=number" in page.url
        page.reload()
        page.wait_for_selector("html[data-ready]")


def test_without_script_rows_and_values_are_links(chromium: Browser, console: str) -> None:
    with shown(chromium, f"{console}/logs?from=now-7d&q=number", script=False) as page:
        page.locator("[data-lines] a").first.click()
        page.wait_for_url("**/logs/0*")
        assert page.locator("tr.record").count() == 1
