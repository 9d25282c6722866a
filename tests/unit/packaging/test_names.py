"""Names on a record's path: who reads a stage's name knows which class is meant."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATH = ("receivers", "admission", "journal", "disk", "pipeline", "ledger", "delivery")


def test_no_two_classes_of_the_path_have_one_name() -> None:
    """From the receivers to delivery."""
    names = Counter(
        node.name
        for room in PATH
        for file in (ROOT / "collector" / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, times in names.items() if times > 1} == set()
