"""Lays the pages of the site out: python docs/site.py build/docs, then `zensical build` there (`make site`).

The documents of the repository are the only source. The sections of README.md become pages; the README of each component and of
each way to run logboom keeps its text; what the options and the command say of themselves is written from them. Links between
documents lead from page to page, links to source code become plain text: the site has none.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from collector.settings.documentation import options_table
from collector.settings.service import ServiceConfig

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
Pages = dict[str, "Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Args:
        group: of the navigation; empty for the first level.
        source: path of the document it is from, by which its links are read.
    """

    group: str
    title: str
    text: str
    source: str


def slug(heading: str) -> str:
    """The anchor of a heading, as forges and the site's generator make it."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).strip().replace(" ", "-")


def title_of(text: str) -> str:
    """The first heading."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    assert found, text[:80]
    return found[1]


def pages() -> Pages:
    """Path of each page → the page, in the order of the navigation."""
    found = dict(_readme())
    for pattern, group in (
        ("deploy/**/README.md", "Run it"),
        ("docs/*.md", "Operate"),
        ("collector/control/EVENTS.md", "Operate"),
        ("collector/receivers/*/README.md", "Receivers"),
        ("processors/*/README.md", "Processors"),
        ("collector/connectors/*/README.md", "Connectors"),
        ("connectors/*/README.md", "Connectors"),
        ("exporters/*/README.md", "Exporters"),
        ("collector/extensions/*/README.md", "Extensions"),
        ("collector/*/**/README.md", "More"),
    ):
        for path in sorted(ROOT.glob(pattern)):
            source = path.relative_to(ROOT).as_posix()
            if "node_modules" not in path.parts and source not in {page.source for page in found.values()}:
                text = path.read_text()
                found[place(source)] = Page(group, title_of(text), text, source)
    found["reference/service.md"] = Page("Reference", "Options of the service", _service(), "")
    found["reference/commands.md"] = Page("Reference", "Commands", _commands(), "")
    for name in ("ARCHITECTURE", "DECISIONS", "SECURITY", "CONTRIBUTING", "CHANGELOG"):
        text = (ROOT / f"{name}.md").read_text()
        found[place(f"{name}.md")] = Page("About", title_of(text), text, f"{name}.md")
    return found


def place(source: str) -> str:
    """Where the page of a document stands."""
    path = PurePosixPath(source)
    if path.name == "README.md":
        return path.parent.with_suffix(".md").as_posix()
    return (
        PurePosixPath("about") / path.name.lower() if path.name == source else path.with_name(path.name.lower())
    ).as_posix()


def _readme() -> Iterator[tuple[str, Page]]:
    """Its sections; what stands before the first is the front page, without the list of sections."""
    first, *sections = re.split(r"^## ", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    first = re.sub(r"^\[Try it\]\(#try-it\)(?:.|\n)*?\n\n", "", first, flags=re.MULTILINE)
    yield "index.md", Page("", "logboom", first, "README.md")
    for section in sections:
        heading, _, text = section.partition("\n")
        yield f"{slug(heading)}.md", Page("", heading, f"# {heading}\n{text}", "README.md")


def _service() -> str:
    about = "# Options of the service\n\nWhat may stand below `service` in the configuration. Components have their options on their own pages.\n\n"
    return about + options_table(ServiceConfig) + "\n"


def _commands() -> str:
    spec = importlib.util.spec_from_file_location("manual", ROOT / "deploy" / "packages" / "manual.py")
    assert spec
    assert spec.loader
    manual = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(manual)
    helped: Callable[..., str] = manual.helped
    parts = [f"## logboom {' '.join(command)}\n\n```text\n{helped(*command)}\n```\n" for command in manual.commands()]
    return "# Commands\n\n" + "\n".join(parts)


def linked(at: str, page: Page, all_pages: Pages) -> str:
    """The text with its links as they are on the site."""
    by_source = {each.source: path for path, each in all_pages.items() if each.source and each.source != "README.md"}
    anchors = {
        anchor: path for path, each in all_pages.items() if each.source == "README.md" for anchor in _anchors(each)
    }

    def target(address: str) -> str | None:
        name, _, anchor = address.partition("#")
        aim = os.path.normpath(PurePosixPath(page.source).parent / name) if name else page.source
        if aim == "README.md":
            path = anchors.get(anchor, "index.md")
            anchor = "" if path == f"{anchor}.md" else anchor
        else:
            path = by_source.get(aim) or by_source.get(f"{aim}/README.md") or ""
        if not path:
            return None
        return os.path.relpath(path, PurePosixPath(at).parent) + (f"#{anchor}" if anchor else "")

    def replaced(found: re.Match[str]) -> str:
        picture, text, address = found.groups()
        if "://" in address or address.startswith("mailto:"):
            return found[0]
        aim = target(address)
        return f"{picture}[{text}]({aim})" if aim else text

    parts = _FENCE.split(page.text)
    parts[::2] = [_LINK.sub(replaced, part) for part in parts[::2]]
    return "".join(parts)


def _anchors(page: Page) -> Iterator[str]:
    for heading in re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", page.text), re.MULTILINE):
        yield slug(heading)


def lay_out(folder: Path) -> None:
    """Write pages, navigation and settings."""
    shutil.rmtree(folder, ignore_errors=True)
    found = pages()
    for path, page in found.items():
        file = folder / "pages" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(linked(path, page, found))
    groups: dict[str, list[str]] = {}
    for path, page in found.items():
        groups.setdefault(page.group, []).append(f"{{ {json.dumps(page.title)} = {json.dumps(path)} }}")
    items = [
        *groups.pop(""),
        *(f"{{ {json.dumps(group)} = [{', '.join(entries)}] }}" for group, entries in groups.items()),
    ]
    settings = (ROOT / "docs" / "zensical.toml").read_text()
    (folder / "zensical.toml").write_text(
        settings.replace("\n\n[project.theme]", f"\nnav = [{', '.join(items)}]\n\n[project.theme]", 1)
    )


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
