"""config/vendors: each of these files makes the default configuration send to a vendor, too, and the README knows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.settings import load

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "config" / "vendors").glob("*.yaml"))
HEADERS = {
    "axiom": {"Authorization": "Bearer $AXIOM_TOKEN", "x-axiom-dataset": "$AXIOM_DATASET"},
    "dash0": {"Authorization": "Bearer $DASH0_TOKEN"},
    "dynatrace": {"Authorization": "Api-Token $DYNATRACE_TOKEN"},
    "grafana-cloud": {"Authorization": "Basic $GRAFANA_CREDENTIALS"},
    "honeycomb": {"x-honeycomb-team": "$HONEYCOMB_API_KEY"},
    "new-relic": {"api-key": "$NEW_RELIC_LICENSE_KEY"},
    "signoz": {"signoz-ingestion-key": "$SIGNOZ_INGESTION_KEY"},
}


class Environment(dict[str, str]):
    """Each variable is set: addresses to one, all else to its name."""

    def get(self, name, default=None):
        return "https://vendor.example/base/" if name.endswith("_ENDPOINT") else f"${name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_vendor_is_a_file_more(file):
    """Beside the store; credentials come from the environment and go out in the vendor's header."""
    settings = load([str(ROOT / "config" / "logboom.yaml"), str(file)], environ=Environment())
    (pipeline,) = settings.pipelines.values()
    assert pipeline.exporters == ("sqlite", f"otlp_http/{file.stem}")
    config = settings.exporters[f"otlp_http/{file.stem}"].config
    assert re.fullmatch(r"https://\S+/v1/logs", config.url)
    assert {name: value.get_secret_value() for name, value in config.headers.items()} == HEADERS[file.stem]


def test_the_readme_knows_them():
    """And each has a test above."""
    assert [file.stem for file in FILES] == sorted(HEADERS)
    text = (ROOT / "README.md").read_text()
    assert [file.stem for file in FILES if f"config/vendors/{file.name}" not in text] == []
