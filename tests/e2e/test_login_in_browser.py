"""Log in, look, log out in a real Chromium: by keyboard alone, in both themes, narrow, and without script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from collector.domains.access_file import FILE
from collector.domains.key_store import KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from counterparts.browser import browser, scrolls_sideways, shown, violations
from counterparts.console import guarded, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


class Console(NamedTuple):
    """One that asks for a name and a password, or for a key."""

    url: str
    key: str


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    root = tmp_path_factory.mktemp("console")
    made = new_key(KeyKind.ADMIN)
    KeyStore(root / FILE).add(Key(made.id, KeyKind.ADMIN, "a.example", made.digest))
    basic = {"htpasswd": {"inline": "anna:open sesame"}, "roles": {"anna": "operator"}}
    login = {"login": {"authenticators": ["basicauth", "api_keys"]}}
    with served(root, login, config=guarded(basicauth=basic, api_keys={})) as url:
        yield Console(url, made.text)


def test_from_log_in_to_log_out_by_keyboard(chromium: Browser, console: Console) -> None:
    """The page that was asked for is the one that comes after the login; afterwards it asks again."""
    with shown(chromium, f"{console.url}/logs?from=now-7d") as page:
        assert page.url.startswith(f"{console.url}/login?next=")
        page.keyboard.type("anna")
        page.keyboard.press("Tab")
        page.keyboard.type("open sesame")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{console.url}/logs?from=now-7d")
        page.wait_for_selector("html[data-ready]")
        page.get_by_label("Account and display").focus()
        page.keyboard.press("Enter")
        assert page.get_by_text("Signed in as anna").is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Log out"
        page.keyboard.press("Enter")
        page.wait_for_url(f"{console.url}/login")
        page.goto(f"{console.url}/issues")
        assert page.url == f"{console.url}/login?next=%2Fissues"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, console: Console, theme: str) -> None:
    with shown(chromium, f"{console.url}/login", theme=theme, width=320, height=640) as page:
        assert violations(page) == []
        assert not scrolls_sideways(page)


def test_what_is_wrong_is_said(chromium: Browser, console: Console) -> None:
    """A browser notes a status of 401 itself, so nobody looks at its console here."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{console.url}/login")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill("<b>wrong</b>")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text().strip() == "That is not right."
    assert page.get_by_label("Name").input_value() == "anna"
    assert violations(page) == []
    context.close()


def test_without_script(chromium: Browser, console: Console) -> None:
    with shown(chromium, f"{console.url}/issues", script=False) as page:
        page.get_by_label("Key").fill(console.key)
        page.get_by_role("button", name="Log in with a key").click()
        page.wait_for_url(f"{console.url}/issues")
        page.locator("summary[aria-label='Account and display']").click()
        page.locator("select[name=theme]").select_option("dark")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url(f"{console.url}/issues*")
        assert page.locator("html[data-theme=dark]").count() == 1
        page.locator("summary[aria-label='Account and display']").click()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{console.url}/login")
