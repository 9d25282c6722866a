"""`collector.testing` is for authors of plugins: whoever has the wheel can import it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

KIT = sorted(Path(__file__).parents[3].glob("collector/testing/**/*.py"))
OURS = {"collector", "exporters", "processors", "otlp_wire"}


def modules(path: Path) -> Iterator[str]:
    """Top-level packages that are imported when the module is."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def required() -> set[str]:
    """Distributions that come with the wheel, without extras."""
    return {
        line.split(";")[0].split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip().lower()
        for line in requires("logboom") or []
        if "extra ==" not in line
    }


@pytest.mark.parametrize("path", KIT, ids=lambda path: path.stem)
def test_it_needs_nothing_that_the_wheel_does_not_bring(path):
    """No tool of developers, nothing of tests/."""
    distributions = packages_distributions()
    foreign = {name for name in modules(path) if name not in OURS and name not in sys.stdlib_module_names}
    missing = {name for name in foreign if not required() & {one.lower() for one in distributions.get(name, [])}}
    assert missing == set()
