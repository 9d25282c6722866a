"""The page Logs while it is live, in a real Chromium: by keyboard, in both themes, over records that mean no good."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterparts.browser import browser, scrolls_sideways, shown, violations
from counterparts.console import served
from counterparts.store_writer import Writer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOSTILE = '<script>alert(1)</script>\u202e"><img src=x onerror=alert(1)>'
_NOW = 1_900_000_000 * 10**9


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "store.db")
    yield made
    made.close()


def lines(page: Page) -> list[str]:
    """What the rows say, from the top."""
    return page.locator("tr.line .msg").all_inner_texts()


def chip(page: Page, text: str) -> None:
    """Wait until it says so."""
    page.wait_for_function(
        "(text) => document.querySelector('[data-live]').innerText.replace(/\\s+/g, ' ').startsWith(text)", arg=text
    )


def await_line(page: Page, text: str) -> None:
    page.wait_for_function("(text) => document.querySelector('tr.line .msg')?.innerText === text", arg=text)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_started_paused_and_resumed_by_keyboard(chromium: Browser, writer: Writer, theme: str) -> None:
    """From an empty list on; each record once, the newest on top; what comes while it is paused waits, and is counted."""
    with served(writer.path.parent) as url, shown(chromium, f"{url}/logs?q=number", theme=theme) as page:
        assert violations(page) == []
        page.keyboard.press("l")
        chip(page, "LIVE")
        writer.put("number 1", "other", at=_NOW)
        writer.put("number 2", at=_NOW + 86_400 * 10**9)
        await_line(page, "number 2")
        assert lines(page) == ["number 2", "number 1"]
        assert page.locator("tr.day").count() == 2
        assert violations(page) == []
        page.keyboard.press("l")
        chip(page, "PAUSED")
        writer.put("number 3", f"number {HOSTILE}", at=_NOW)
        chip(page, "PAUSED 2 new")
        assert lines(page) == ["number 2", "number 1"]
        assert violations(page) == []
        page.keyboard.press("l")
        chip(page, "LIVE")
        page.wait_for_function("() => document.querySelectorAll('tr.line').length === 4")
        assert lines(page)[1:] == ["number 3", "number 2", "number 1"]
        assert page.locator("main img").count() == page.locator("main script").count() == 0
        page.wait_for_function("() => document.querySelector('[data-live-said]').textContent !== ''")


def test_what_came_before_it_is_started_is_shown_and_reading_pauses(chromium: Browser, writer: Writer) -> None:
    """The list goes on behind what it shows; a record that is opened stands still."""
    now = time.time_ns()
    writer.put("first", "second", at=now - 10**9)
    with served(writer.path.parent) as url, shown(chromium, f"{url}/logs", width=320) as page:
        writer.put("meanwhile", at=now)
        page.locator("[data-live]").click()
        await_line(page, "meanwhile")
        assert sorted(lines(page)) == ["first", "meanwhile", "second"]
        page.locator("tr.line a").first.press("Enter")
        page.wait_for_selector("tr.record")
        chip(page, "PAUSED")
        writer.put("unseen", at=now)
        chip(page, "PAUSED 1 new" if page.locator("[data-more]").is_visible() else "PAUSED")
        assert "unseen" not in lines(page)
        assert not scrolls_sideways(page)
        assert violations(page) == []


def test_without_script_there_is_a_link(chromium: Browser, writer: Writer) -> None:
    writer.put("there")
    with served(writer.path.parent) as url, shown(chromium, f"{url}/logs", script=False) as page:
        assert not page.locator("[data-live]").is_visible()
        assert page.get_by_role("link", name="Refresh").is_visible()
