"""The READMEs of CEF and LEEF show the mappings as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

import collector.documents
from collector.documents.cef import mapping as cef
from collector.documents.device_event.mapped import Mapped
from collector.documents.facts.names import FACTS
from collector.documents.leef import mapping as leef

FOLDER = Path(collector.documents.__file__).parent


def row(line: Mapped) -> str:
    """A line of the table in the README."""
    keys = ", ".join(f"`{key}`" for key in dict.fromkeys(line.keys) if key)
    return f"| {keys} | {line.fact} | {', '.join(f'`{name}`' for name in FACTS[line.fact])} |"


@pytest.mark.parametrize(
    ("name", "lines", "per_record"),
    [
        ("cef", (*cef.MAPPING, *cef.MAPPING_OF_1), cef.PER_RECORD),
        ("leef", leef.MAPPING, leef.PER_RECORD),
    ],
)
def test_a_readme_has_a_row_for_each_line_of_the_mapping(
    name: str, lines: tuple[Mapped, ...], per_record: tuple[str, ...]
) -> None:
    """In the order of the mapping, and no row that the mapping does not have."""
    text = (FOLDER / name / "README.md").read_text()
    shown = [line for line in text.splitlines() if line.startswith("| `") and line.split(" | ")[1] in FACTS]
    assert shown == [row(line) for line in lines]
    assert all(f"`{key}`" in text for key in per_record)


def test_every_fact_is_used() -> None:
    """By one format at least."""
    assert {line.fact for line in (*cef.MAPPING, *cef.MAPPING_OF_1, *leef.MAPPING)} == set(FACTS)
