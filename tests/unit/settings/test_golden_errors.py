"""Every error message stands in tests/golden/errors: NAME.yaml is the configuration, NAME.txt what people read.

A configuration may begin with directives: `#! set KEY=VALUE`, `#! env NAME=VALUE`, `#! also SOURCE`, `#! remote YAML` (a line of what
a server gives).
LOGBOOM_REGENERATE=1 writes the texts anew; read the diff before you commit it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from collector.component import Kind
from collector.errors import ConfigError
from collector.registry import Registry
from collector.settings import render
from collector.settings.load import read
from collector.settings.remote import Remote
from collector.testing.sample_components import sample_registry

GOLDEN = Path(__file__).parents[2] / "golden" / "errors"
CASES = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
REAL = [
    (Kind.PROCESSOR, "batch"),
    (Kind.PROCESSOR, "categorize"),
    (Kind.PROCESSOR, "memory_limiter"),
    (Kind.PROCESSOR, "resource_detection"),
    (Kind.EXTENSION, "console"),
    (Kind.EXTENSION, "health_check"),
    (Kind.EXTENSION, "file_storage"),
    (Kind.EXTENSION, "bearertokenauth"),
    (Kind.EXTENSION, "opamp"),
    (Kind.RECEIVER, "otlp"),
    (Kind.CONNECTOR, "alerting"),
    (Kind.EXPORTER, "command"),
]


def registry() -> Registry:
    installed = Registry()
    return sample_registry(*filter(None, (installed.find(kind, name) for kind, name in REAL)))


def directives(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"set": [], "env": [], "also": [], "remote": []}
    for word, value in re.findall(r"^#! (set|env|also|remote) (.*)$", path.read_text(), re.MULTILINE):
        found[word].append(value)
    return found


def rendered(name: str) -> str:
    path = Path(f"{name}.yaml")
    extra = directives(path)
    environ = dict(pair.split("=", 1) for pair in extra["env"])
    remote = Remote({"": "\n".join(extra["remote"])}) if extra["remote"] else None
    with pytest.raises(ConfigError) as refused:
        read([str(path), *extra["also"]], extra["set"], registry=registry(), environ=environ, remote=remote)
    return render(refused.value.problems, refused.value.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_error_reads_as_the_golden_file_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole text, places and hints included, is what the golden file holds."""
    monkeypatch.chdir(GOLDEN)
    text = rendered(name)
    golden = Path(f"{name}.txt")
    if os.environ.get("LOGBOOM_REGENERATE"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_no_secret_is_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever holds `hunter2`, from the environment or under a secret's name, stays out of every message."""
    monkeypatch.chdir(GOLDEN)
    assert "hunter2" not in rendered(name)


def codes_in_source() -> set[str]:
    source = Path(__file__).parents[3] / "collector"
    files = [*(source / "settings").glob("*.py"), source / "registry.py"]
    return {code for file in files for code in re.findall(r'"(config/[a-z-]+)"', file.read_text())}


def test_every_code_has_a_golden_file() -> None:
    """A new kind of error comes with the text people will read."""
    shown = {
        code for path in GOLDEN.glob("*.txt") for code in re.findall(r"^error\[(.*?)\]", path.read_text(), re.MULTILINE)
    }
    assert codes_in_source() - shown - {"config/plugin"} == set()  # plugins: test_registry.py
