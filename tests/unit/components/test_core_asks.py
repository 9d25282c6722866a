"""The core asks components by protocol: no `hasattr`, no `getattr`, no options of type Any, no type by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "collector"
ROOMS = ("admission", "pipeline", "delivery", "service", "settings", "cli", "telemetry")
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
ALLOWED = {
    "pipeline/pipeline.py: getattr(error, '__notes__', ())": "notes of an exception",
    "settings/encryption.py: getattr(self, name)": "fields of a model, by its own list",
    "settings/privacy.py: hasattr(value, 'isoformat')": "what YAML makes of a date",
    "settings/cautions.py: getattr(value, name)": "fields of a model, by its own list",
    "settings/door_cautions.py: getattr(block, field)": "fields of a model, by its own list",
    "settings/resolved.py: getattr(value, name)": "fields of a model, by its own list",
    "settings/options.py: getattr(value, name)": "fields of a model, by its own list",
    "settings/documentation.py: getattr(annotation, '__name__', 'any')": "a type, which may have no name",
    "settings/yaml_reader.py: getattr(node, 'style', None)": "a node of PyYAML",
    "cli/__init__.py: getattr(module, 'app', None)": "a module of the command line",
    "cli/__init__.py: getattr(module, name)": "a module of the command line",
    "cli/plain_command.py: getattr(parameter, 'is_flag', False)": "a parameter of click",
}
UNTYPED = {
    "settings/reading.py: dict[str, dict[str, Component[Any]]]": "on the way from text: pydantic has just made them",
    "settings/components.py: dict[Kind, dict[str, Component[Any]]]": "on the way from text: pydantic has just made them",
}
COMPONENTS = {"config", "configs", "options", "component", "exporter", "processor", "receiver", "extension"}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """(file below collector/, node) of the core."""
    for path in FILES:
        where = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            yield where, node


NODES = list(nodes())


def test_the_rooms_are_there() -> None:
    """A room that moved must not leave its rule behind."""
    assert [room for room in ROOMS if not any(path.is_relative_to(ROOT / room) for path in FILES)] == []


def asks_by_name(node: ast.AST) -> bool:
    """Whether it is a call of `hasattr` or `getattr`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "getattr")


def test_nothing_is_found_by_its_name() -> None:
    """What is allowed is no component."""
    assert {f"{where}: {ast.unparse(node)}" for where, node in NODES if asks_by_name(node)} == ALLOWED.keys()


def annotated(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and their types."""
    if isinstance(node, ast.arg) and node.annotation is not None:
        yield node.arg, node.annotation
    elif isinstance(node, ast.AnnAssign):
        yield ast.unparse(node.target), node.annotation


def test_components_have_types() -> None:
    """Else the type checker sees no method that the contract does not have."""
    found = {
        f"{where}: {ast.unparse(kind)}"
        for where, node in NODES
        for name, kind in annotated(node)
        if "Component[Any]" in ast.unparse(kind) or (name in COMPONENTS and ast.unparse(kind) == "Any")
    }
    assert found == UNTYPED.keys()


def test_no_type_is_known_by_its_name() -> None:
    """`component.factory.name` is for people: it is shown and never compared."""
    found = {
        f"{where}: {ast.unparse(node)}"
        for where, node in NODES
        if isinstance(node, ast.Compare | ast.Match) and ".factory.name" in ast.unparse(node)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("code", "is_seen"),
    [
        ("all(hasattr(exporter, 'encode_payloads') for exporter in exporters)", True),
        ("getattr(config, 'listens_on', tuple)()", True),
        ("isinstance(config, Listens) and config.listens_on()", False),
    ],
)
def test_the_rule_sees_what_it_is_for(code: str, is_seen: bool) -> None:
    """As the core once asked, and as it asks."""
    assert any(map(asks_by_name, ast.walk(ast.parse(code)))) == is_seen
