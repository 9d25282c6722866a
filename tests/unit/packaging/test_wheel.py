"""What is installed: exactly our roots, with the data files, and nothing that harms a neighbour."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check",
         "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )  # fmt: skip
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """The files of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_is_small_and_without_tests(wheel: Path, names: list[str]) -> None:
    """For every platform; what is large comes as dependencies. `collector.testing` is for authors of plugins, and not a test."""
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size < 4 << 20
    parts = {part for name in names for part in Path(name).parts}
    assert {
        part for part in parts if part.startswith("test_") or part in {"tests", "counterparts", "conftest.py"}
    } == set()


def test_its_metadata_says_what_an_index_shows(wheel: Path) -> None:
    """Read by the standard's own parser: name, README as Markdown, licence with its text, one command, no tool of developers
    without an extra."""
    with zipfile.ZipFile(wheel) as archive:
        [at] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Metadata.from_email(archive.read(at))  # raises for what an index would refuse
        entry_points = archive.read(at.replace("METADATA", "entry_points.txt")).decode()
        licences = [name for name in archive.namelist() if "/licenses/" in name]
    assert (metadata.name, str(metadata.requires_python)) == ("logboom", ">=3.11")
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description.startswith("# logboom")
    assert metadata.license_expression == "Apache-2.0"
    assert [Path(name).name for name in licences] == ["LICENSE"]
    assert entry_points.split() == ["[console_scripts]", "logboom", "=", "collector.cli:main"]
    plain = [each.name for each in metadata.requires_dist if each.marker is None]
    assert {"pytest", "hypothesis", "ruff", "mypy", "psutil"} & set(plain) == set()


@pytest.mark.slow
def test_the_roots_are_ours(names: list[str]) -> None:
    """No `proto`, `tests` or `config` beside our packages: `proto/` would destroy proto-plus in the same environment."""
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {
        "collector",
        "exporters",
        "processors",
        "otlp_wire",
    }


def test_data_files_are_shipped(names: list[str]) -> None:
    """Migrations, rules, the grammar, type markers and the default configuration."""
    assert "collector/store/migrations/0001_logs.sql" in names
    assert "collector/ottl/grammar.lark" in names
    assert "collector/cli/logboom.yaml" in names
    assert any(name.startswith("processors/triage/") and name.endswith(".yaml") for name in names)
    assert {"collector/py.typed", "exporters/py.typed", "processors/py.typed", "otlp_wire/py.typed"} <= set(names)


def test_proto_is_never_a_package() -> None:
    """The folder is a source root."""
    assert not (ROOT / "proto" / "__init__.py").exists()


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    """A folder that holds `queue.py` breaks programs that are started inside it."""
    ours = [*ROOT.glob("collector/**/*.py"), *ROOT.glob("exporters/**/*.py"), *ROOT.glob("processors/**/*.py"),
            *ROOT.glob("proto/**/*.py")]  # fmt: skip
    assert [path for path in ours if path.stem in sys.stdlib_module_names and path.stem != "__main__"] == []


def test_no_grab_bags() -> None:
    """A thing lives where its reason lives."""
    banned = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [path for path in ROOT.glob("[cep]*/**/*.py") if path.stem in banned] == []
