"""The site of documents: built strict, every link in it leads somewhere, and the runbook knows every event."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from collector.cli import COMMANDS
from collector.component import Kind
from collector.control.catalogue import SERVICE_EVENTS
from collector.registry import default_registry

ROOT = Path(__file__).parents[3]


class Anchors(HTMLParser):
    """Addresses and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        self.addresses += [value for name in ("href", "src") if (value := given.get(name))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Anchors]:
    """Every page, as zensical builds it where a warning is an error."""
    folder = tmp_path_factory.mktemp("docs") / "docs"
    subprocess.run([sys.executable, str(ROOT / "docs" / "site.py"), str(folder)], check=True, cwd=ROOT)
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = sorted((folder / "site").rglob("*.html"))
    return {path: Anchors(path.read_text()) for path in found if path.name != "404.html"}


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_its_anchor(site: dict[Path, Anchors]) -> None:
    """On the site itself; nothing is fetched from elsewhere."""
    broken = []
    for page, anchors in site.items():
        for address in anchors.addresses:
            if re.match(r"[a-z]+:", address):
                continue
            name, _, anchor = unquote(address).partition("#")
            aim = (page.parent / name.partition("?")[0]).resolve() if name else page
            aim = aim / "index.html" if aim.is_dir() else aim
            if not aim.exists() or (
                anchor and aim in site and anchor not in site[aim].ids and not anchor.startswith("__")
            ):
                broken.append(f"{page.name}: {address}")
    assert broken == []


@pytest.mark.slow
def test_every_component_and_command_has_its_place(site: dict[Path, Anchors]) -> None:
    """A page for each component, a section for each command."""
    ids = set().union(*(anchors.ids for anchors in site.values()))
    assert [name for name in COMMANDS if f"logboom-{name}" not in ids] == []
    registry = default_registry()
    folders = {
        factory.config.__module__.rpartition(".")[0].replace(".", "/")
        for kind in Kind
        for factory in registry.factories(kind)
        if registry.origin(kind, factory.name) == "logboom"
    }
    pages = {path.as_posix() for path in site}
    assert [folder for folder in folders if not any(page.endswith(f"site/{folder}.html") for page in pages)] == []


def test_the_runbook_knows_every_event() -> None:
    """A section for each that the service can tell, and none for what it cannot; each says something."""
    text = (ROOT / "docs" / "runbook.md").read_text()
    sections = dict(re.findall(r"^### `([\w.]+)`\n\n((?:(?!\n##).)+)", text, re.MULTILINE | re.DOTALL))
    assert set(sections) == {name.removeprefix("logboom.service.") for name in SERVICE_EVENTS}
    assert [name for name, body in sections.items() if len(body) < 40] == []
