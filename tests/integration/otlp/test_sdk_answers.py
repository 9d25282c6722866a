"""The kept table of what SDKs do with answers: the README shows it, and Python's exporters still do what it says."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _observer() -> ModuleType:
    """`sdk_answers.py` beside this file, which is a program, too."""
    spec = importlib.util.spec_from_file_location("sdk_answers", Path(__file__).with_name("sdk_answers.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sdk_answers"] = module
    spec.loader.exec_module(module)
    return module


OBSERVER = _observer()
KEPT = json.loads(OBSERVER.GOLDEN.read_text())


def test_the_readme_shows_what_was_observed() -> None:
    text = OBSERVER.README.read_text()
    assert text.partition(OBSERVER.BEGIN)[2].partition(OBSERVER.END)[0].strip() == OBSERVER.markdown(KEPT)


def test_every_sender_was_asked_everything() -> None:
    assert KEPT["api_keys"].keys() == KEPT["oidc"].keys() == OBSERVER.SENDERS.keys()
    assert all("not sent" not in found.values() for by_sender in KEPT.values() for found in by_sender.values())


@pytest.mark.parametrize("sender", OBSERVER.PYTHON)
def test_python_still_does_it_with_keys(sender: str) -> None:
    assert OBSERVER.of_api_keys(OBSERVER.PYTHON[sender]()) == KEPT["api_keys"][sender]


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_python_still_does_it_with_certificates(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    assert OBSERVER.of_client_certificate(protocol.lower()) == KEPT["client_certificate"][f"Python, {protocol}"]
