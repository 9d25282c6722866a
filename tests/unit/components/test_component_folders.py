"""Every component folder has the same faces, and its README tells all its options."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from collector.component import Config, Factory, Kind
from collector.registry import Registry
from collector.settings.documentation import options, with_table

ROOT = Path(__file__).parents[3]
PARENTS = {
    Kind.RECEIVER: ROOT / "collector" / "receivers",
    Kind.PROCESSOR: ROOT / "processors",
    Kind.EXPORTER: ROOT / "exporters",
    Kind.CONNECTOR: ROOT / "collector" / "connectors",
    Kind.EXTENSION: ROOT / "collector" / "extensions",
}
FOLDERS = {
    str(init.parent.relative_to(ROOT)): (kind, init.parent)
    for kind, parent in PARENTS.items()
    for init in sorted(parent.glob("*/__init__.py"))
}


def factory_of(folder: Path) -> Factory[Config]:
    module = import_module(".".join(folder.relative_to(ROOT).parts))
    found = module.FACTORY
    assert isinstance(found, Factory)
    return found


@pytest.mark.parametrize(("kind", "folder"), FOLDERS.values(), ids=FOLDERS)
class TestFolder:
    """What holds for each component."""

    def test_registry_lists_it_under_all_its_names(self, kind: Kind, folder: Path) -> None:
        """The table and the factory agree."""
        factory = factory_of(folder)
        registry = Registry()
        assert factory.kind == kind
        assert factory.name == folder.name
        assert [registry.find(kind, name) for name in (factory.name, *factory.aliases)] == [factory] * (
            1 + len(factory.aliases)
        )

    def test_it_has_the_faces(self, kind: Kind, folder: Path) -> None:
        """config.py, README.md, and a behaviour that can be made."""
        factory = factory_of(folder)
        assert (folder / "config.py").exists()
        assert (folder / "README.md").exists()
        if factory.has_behaviour:
            module, _, name = factory.behaviour.partition(":")
            assert inspect.isclass(getattr(import_module(module), name))

    def test_every_option_is_described(self, kind: Kind, folder: Path) -> None:
        """The docstring under a field is the one place where an option is explained."""
        assert [option.name for option in options(factory_of(folder).config) if not option.description] == []

    def test_readme_table_is_current(self, kind: Kind, folder: Path) -> None:
        """`python -m collector.settings.documentation` brings it up to date."""
        readme = (folder / "README.md").read_text()
        assert with_table(readme, factory_of(folder).config) == readme

    def test_summary_is_one_line(self, kind: Kind, folder: Path) -> None:
        """It stands in a table."""
        summary = factory_of(folder).summary
        assert summary
        assert "\n" not in summary


def test_every_built_in_of_the_table_exists() -> None:
    """No entry leads nowhere."""
    registry = Registry()
    named = {
        (kind, factory.name)
        for kind in Kind
        for factory in registry.factories(kind)
        if registry.origin(kind, factory.name) == "logboom"
    }
    assert named == {(kind, factory_of(folder).name) for kind, folder in FOLDERS.values()}
