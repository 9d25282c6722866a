"""The registry: built-ins and plugins through the same door."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.component import Kind
from collector.errors import ConfigError
from collector.registry import RENAMED, Registry, check_import_roots
from collector.testing.sample_components import sample_registry

PLUGIN = '''
from collector.component import Factory, Kind
from collector.delivery.config import DeliveryConfig

class MineConfig(DeliveryConfig):
    """No options but delivery's."""

FACTORY = Factory(Kind.EXPORTER, "mine", MineConfig, "my_plugin:Mine", "a plugin")
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on the path, as if packages were installed there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("my_plugin", None)


def install(site: Path, name: str, entry_points: str, files: tuple[str, ...] = ()) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def test_a_plugin_is_found_like_a_built_in(site: Path) -> None:
    """By its entry point; its distribution is known."""
    (site / "my_plugin.py").write_text(PLUGIN)
    install(site, "my-plugin", "[logboom.exporters]\nmine = my_plugin:FACTORY\n")
    registry = Registry()
    factory = registry.find(Kind.EXPORTER, "mine")
    assert factory is not None
    assert (factory.name, registry.origin(Kind.EXPORTER, "mine")) == ("mine", "my-plugin")
    assert registry.origin(Kind.EXTENSION, "health_check") == "logboom"
    assert "mine" in registry.types(Kind.EXPORTER)


BROKEN = {
    "cannot be imported": (
        "raise RuntimeError('no libfoo')",
        "[logboom.exporters]\nmine = my_plugin:FACTORY\n",
        "no libfoo",
    ),
    "names nothing": ("", "[logboom.exporters]\nmine = my_plugin:FACTORY\n", "cannot be loaded"),
    "is no factory": (
        "FACTORY = 1",
        "[logboom.exporters]\nmine = my_plugin:FACTORY\n",
        "is not a Factory of exporters",
    ),
    "has options of no exporter": (
        PLUGIN.replace("import DeliveryConfig", "import RetryConfig as DeliveryConfig"),
        "[logboom.exporters]\nmine = my_plugin:FACTORY\n",
        "MineConfig must derive from collector.delivery.config.DeliveryConfig",
    ),
    "does nothing": (
        PLUGIN.replace('"my_plugin:Mine"', '""'),
        "[logboom.exporters]\nmine = my_plugin:FACTORY\n",
        "it names no behaviour",
    ),
    "is of another kind": (PLUGIN, "[logboom.receivers]\nmine = my_plugin:FACTORY\n", "is not a Factory of receivers"),
}


@pytest.mark.parametrize(("source", "entry_points", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_a_sentence(site: Path, source: str, entry_points: str, message: str) -> None:
    """Not a traceback; and only who uses it hears of it."""
    (site / "my_plugin.py").write_text(source)
    install(site, "my-plugin", entry_points)
    registry = Registry()
    kind = Kind.RECEIVER if "receivers" in entry_points else Kind.EXPORTER
    assert registry.find(Kind.EXTENSION, "health_check") is not None
    with pytest.raises(ConfigError, match=message) as refused:
        registry.find(kind, "mine")
    assert refused.value.problems[0].code == "config/plugin"


def test_a_plugin_cannot_take_the_name_of_a_built_in(site: Path) -> None:
    """Both are named."""
    install(site, "my-plugin", "[logboom.exporters]\nsqlite = my_plugin:FACTORY\n")
    with pytest.raises(ConfigError, match=r"exporters.sqlite:FACTORY and my_plugin:FACTORY"):
        Registry()


def test_unknown_types_are_none() -> None:
    """In every section."""
    assert [sample_registry().find(kind, "nope") for kind in Kind] == [None] * 5


def test_aliases_lead_to_the_same_factory() -> None:
    """And a factory is listed once."""
    registry = sample_registry()
    assert registry.find(Kind.EXPORTER, "otlphttp") is registry.find(Kind.EXPORTER, "otlp_http")
    assert [factory.name for factory in registry.factories(Kind.EXPORTER)] == ["debug", "otlp_http", "sink"]


def test_a_plugin_that_knows_one_spelling_is_found_by_both(site: Path) -> None:
    """Names that the OpenTelemetry Collector changed are the same type."""
    (site / "my_plugin.py").write_text(PLUGIN.replace("EXPORTER", "RECEIVER").replace('"mine"', '"windows_event_log"'))
    install(site, "my-plugin", "[logboom.receivers]\nwindows_event_log = my_plugin:FACTORY\n")
    registry = Registry()
    assert (
        registry.find(Kind.RECEIVER, "windowseventlog") is registry.find(Kind.RECEIVER, "windows_event_log") is not None
    )


def test_import_roots_have_one_owner() -> None:
    """In a clean environment there is nothing to say."""
    check_import_roots()


def test_a_second_owner_of_an_import_root_is_named(site: Path) -> None:
    """With the command that installs logboom by itself."""
    install(site, "other-exporters", "", ("exporters/__init__.py", "exporters/x.py"))
    with pytest.raises(ConfigError, match="exporters also belongs to other-exporters") as refused:
        check_import_roots()
    assert "pipx install logboom" in refused.value.problems[0].hint


def test_renamed_types_that_exist_load_under_both_names() -> None:
    """Old configurations keep working."""
    registry = Registry()
    for (kind, old), new in RENAMED.items():
        if {old, new} & set(registry.types(kind)):
            assert registry.find(kind, old) is registry.find(kind, new) is not None
