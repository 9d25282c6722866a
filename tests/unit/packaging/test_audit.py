"""`make audit`: which licences a dependency may have."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "audit" / "audit.py"


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", AUDIT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LICENCES = {
    "MIT License": True,
    "Mozilla Public License 2.0 (MPL 2.0)": True,
    "ISC License (ISCL)": True,
    "Apache-2.0 OR GPL-3.0": True,
    "MPL-2.0 AND (Apache-2.0 OR MIT)": True,
    "Apache Software License; MIT License": True,
    "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0": True,
    "GPL-3.0": False,
    "MIT AND GPL-3.0": False,
    "AGPL-3.0-only": False,
    "UNKNOWN": False,
}


@pytest.mark.parametrize("text", LICENCES)
def test_licences(audit, text):
    """Of alternatives one is enough; of what holds together, each."""
    packages = [{"Name": "parrot", "Version": "1", "License": text}]
    assert audit.foreign(packages) == ([] if LICENCES[text] else [f"parrot 1: {text}"])
