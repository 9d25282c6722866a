"""Option tables and the JSON schema come from the models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from collector.registry import Registry
from collector.settings.documentation import options, options_table, with_table
from collector.settings.schema import schema, schema_text
from collector.testing.sample_components import FilterConfig, SinkConfig, sample_registry

ROOT = Path(__file__).parents[3]


def test_rows_have_dotted_names_types_defaults_and_sentences() -> None:
    """Nested blocks, items of lists, units and choices."""
    rows = {option.name: option[1:] for option in options(SinkConfig)}
    assert rows["endpoint"] == ("text", "required", "A required URL.")
    assert rows["api_key"] == ("secret", "", "A secret.")
    assert rows["tls"][:2] == ("block", "")
    assert rows["tls.insecure"] == ("boolean", "`false`", "Without TLS.")
    assert rows["headers[].name"][:2] == ("text", "required")
    assert rows["max_size"][:2] == ("size", "`1MiB`")
    assert rows["interval"][:2] == ("duration", "`1s`")
    assert rows["sending_queue.batch.flush_timeout"][:2] == ("duration", "`200ms`")


def test_table_is_markdown() -> None:
    """A choice's bars would break the row, so they are words."""
    assert options_table(FilterConfig).splitlines()[2] == "| `mode` | `include` or `exclude` | `include` | A choice. |"


def test_table_goes_between_the_markers() -> None:
    """And what is round them stays."""
    text = with_table("before\n<!-- options -->\nold\n<!-- /options -->\nafter\n", FilterConfig)
    assert text.startswith("before\n<!-- options -->\n| option |")
    assert text.endswith("|\n<!-- /options -->\nafter\n")
    assert with_table(text, FilterConfig) == text
    with pytest.raises(ValueError, match="options"):
        with_table("no markers", FilterConfig)


def valid(config: dict[str, Any]) -> bool:
    return jsonschema.Draft202012Validator(schema(sample_registry())).is_valid(config)


BASE: dict[str, Any] = {
    "receivers": {"source": None},
    "exporters": {"debug": {}},
    "service": {"pipelines": {"logs": {}}},
}
FIT: dict[str, tuple[dict[str, Any], bool]] = {
    "good": ({}, True),
    "named": ({"exporters": {"debug/a": {"timeout": "5s"}}}, True),
    "expression for a number": ({"receivers": {"source": {"workers": "${env:N}"}}}, True),
    "null block": ({"exporters": {"sink": {"endpoint": "x://y", "tls": None}}}, True),
    "unknown type": ({"exporters": {"dbug": {}}}, False),
    "unknown option": ({"exporters": {"debug": {"tiemout": "5s"}}}, False),
    "unknown section": ({"exporter": {}}, False),
    "missing option": ({"exporters": {"sink": {}}}, False),
    "wrong choice": ({"exporters": {"debug": {"sending_queue": {"on_full": "x"}}}}, False),
}


@pytest.mark.parametrize(("change", "fits"), FIT.values(), ids=FIT)
def test_schema_tells_right_from_wrong(change: dict[str, Any], fits: bool) -> None:
    """For editors: the same answers as `logboom validate`, as far as a schema can."""
    assert valid({**BASE, **change}) == fits


def test_schema_file_is_current() -> None:
    """`python -m collector.settings.documentation` brings it up to date."""
    assert (ROOT / "config" / "schema.json").read_text() == schema_text(Registry())


def test_shipped_configurations_fit_the_schema() -> None:
    """What people copy is right."""
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "config" / "schema.json").read_text()))
    for file in (ROOT / "config").glob("*.yaml"):
        assert [error.message for error in validator.iter_errors(yaml.safe_load(file.read_text()))] == [], file.name


@pytest.mark.slow
def test_refreshing_a_current_tree_changes_nothing() -> None:
    """The command of the make target."""
    done = subprocess.run(
        [sys.executable, "-m", "collector.settings.documentation", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
