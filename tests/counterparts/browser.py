"""A real Chromium in front of the console: pages as people see them, with everything that the browser complains about.

The one of this machine, or Debian's packages of it (`counterparts.chromium`); driven by Playwright, which downloads none.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterparts.chromium import chromium
from counterparts.debian_packages import Unavailable, environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_COLOURS = ("color-contrast", "link-in-text-block")
_SECS = 60.0


def _program() -> tuple[str, Mapping[str, str] | None]:
    """Of a browser, and the environment that it needs. Raises `Unavailable`."""
    here = shutil.which("chromium")
    if here:
        return here, None
    root = chromium()
    return str(root / "usr/lib/chromium/chromium-headless-shell"), environment(root)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """One, for all pages of a test file. Raises `Unavailable`."""
    from playwright.sync_api import sync_playwright

    program, environ = _program()
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=program, args=list(_ARGUMENTS), env=dict(environ) if environ is not None else None
        )
        try:
            yield found
        finally:
            found.close()


@contextlib.contextmanager
def shown(
    found: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 720,
    theme: str = "light",
    script: bool = True,
    expects: str = "",
) -> Iterator[Page]:
    """The page at `url`, ready; that the browser had nothing to say about it is asserted at the end: no message of the console, so no violation
    of the policy, no error of a script, no dialog.

    Args:
        theme: what the system prefers: `light`, `dark`.
        script: False: as for people who let none run.
        expects: messages that hold this are no complaints: of pages that are answered with an error on purpose.
    """
    context = found.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        timezone_id="UTC",
        java_script_enabled=script,
    )
    context.set_default_timeout(_SECS * 1000)
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: None if expects and expects in message.text else complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def dialog(opened: Any) -> None:
        complaints.append(f"dialog: {opened.message}")
        opened.dismiss()

    page.on("dialog", dialog)
    try:
        page.goto(url)
        if script:
            page.wait_for_selector("html[data-ready]")
        yield page
        assert complaints == [], complaints
    finally:
        context.close()


def violations(page: Page, *, colours: bool = False) -> list[str]:
    """What axe finds: WCAG 2.2 AA and best practices; a line for each rule and place.

    Args:
        colours: only what a theme can change: of a page that was looked at whole in another one.
    """
    from axe_playwright_python.sync_playwright import Axe

    rules = {"type": "rule", "values": list(_COLOURS)} if colours else {"type": "tag", "values": list(_RULES)}
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than the window."""
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider


def picture(page: Page, path: Path) -> None:
    """All of it, as PNG."""
    page.screenshot(path=path, full_page=True)


__all__ = ["Unavailable", "browser", "picture", "scrolls_sideways", "shown", "violations"]
