"""The README says of each exporter what it was checked against, and where."""

from __future__ import annotations

import re
from pathlib import Path

from collector.component import Kind
from collector.registry import default_registry

ROOT = Path(__file__).parents[3]
ROW = re.compile(
    r"^\| \[(\w+)\]\(exporters/\w+/README\.md\) \| (\S.*) \| \[[\w.]+\]\((tests/[\w/.]+)\) \|$", re.MULTILINE
)
KINDS = ("real: ", "documented: ", "kept texts", "nothing leaves")


def rows():
    section = (
        (ROOT / "README.md")
        .read_text()
        .partition("### What each exporter was checked against")[2]
        .partition("\n## ")[0]
    )
    return [match.groups() for match in ROW.finditer(section)]


def test_each_exporter_has_a_row():
    """In the order of the alphabet; one that comes without saying what it was held against is missed here."""
    folders = sorted(path.parent.name for path in (ROOT / "exporters").glob("*/__init__.py"))
    assert [name for name, _, _ in rows()] == folders
    assert {default_registry().find(Kind.EXPORTER, name) is not None for name in folders} == {True}


def test_each_row_says_what_and_where():
    """`real` or `documented`, and tests that are there and are about it."""
    for name, what, where in rows():
        assert what.startswith(KINDS), name
        place = ROOT / where
        files = [place] if place.is_file() else [*place.glob("*.py")]
        assert any(name in file.read_text() for file in files), (name, where)
