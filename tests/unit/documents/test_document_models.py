"""All document models: as many texts as records, none null, none of two lines; what they say is read back."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LogBatch
from collector.documents.models import texts
from collector.documents.options import JSON_MODELS, DeviceConfig, DocumentModel, DocumentOptions, OcsfConfig
from collector.samples import batch_of
from counterparts.examples import examples

MODELS: tuple[DocumentModel, ...] = get_args(DocumentModel)
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\r|=\\\t"), max_size=12)
SAMPLES = st.fixed_dictionaries(
    {"body": st.none() | TEXT | st.dictionaries(TEXT, st.integers(0, 9), max_size=2)},
    optional={
        "event_name": TEXT,
        "scope": TEXT,
        "attributes": st.dictionaries(st.sampled_from(["user.name", "k", "http.route", "logboom.triage.level"]), TEXT),
        "resource": st.dictionaries(st.sampled_from(["service.name", "host.name"]), TEXT),
    },
)


@pytest.mark.slow
@settings(max_examples=examples(80))
@given(st.lists(SAMPLES, min_size=1, max_size=4))
def test_one_line_for_each_record(samples):
    """Whatever stands in a record."""
    batch = batch_of(samples)
    for model in MODELS:
        lines = texts(batch, model).to_list()
        assert len(lines) == len(samples)
        assert all(line is not None and "\n" not in line and "\r" not in line for line in lines)
        assert model not in JSON_MODELS or all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize("model", MODELS)
def test_no_records(model):
    """An empty batch has no texts."""
    assert texts(LogBatch.empty(), model).to_list() == []


def test_options_reach_their_model():
    """The schema's version, the device."""
    batch = batch_of([{"body": "x"}])
    options = DocumentOptions(
        ocsf=OcsfConfig(version="1.2.0"), device=DeviceConfig(vendor="Acme", product="P", version="3")
    )
    assert '"version":"1.2.0"' in texts(batch, "ocsf", options).item()
    assert texts(batch, "cef", options).item().startswith("CEF:0|Acme|P|3|")
    assert texts(batch, "leef", options).item().startswith("LEEF:2.0|Acme|P|3|")


def test_the_device_has_logbooms_version_unless_it_is_set():
    """An empty version means the installed one."""
    from importlib.metadata import version

    assert texts(batch_of([{"body": "x"}]), "cef").item().startswith(f"CEF:0|logboom|logboom|{version('logboom')}|")


@pytest.mark.slow
def test_options_load_no_columns():
    """The supervisor reads configurations without polars."""
    import subprocess
    import sys

    code = (
        "import sys, exporters.file, exporters.webhook; assert not {'polars', 'aiohttp', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
