"""Cases taken from the peers' own tests. They are no part of the repository.

`LOGBOOM_CONFORMANCE_DIR` names their folder; without it they are looked for beside the checkout. Who names the folder, as CI
does, demands the cases; a plain clone goes without, and says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "LOGBOOM_CONFORMANCE_DIR"
_ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get(VARIABLE) or _ROOT.parent / "shared" / "conformance")

Case = dict[str, Any]


def cases(pattern: str) -> list[Case]:
    """The cases of all files of that name, without those that the peers have taken back."""
    read = [json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob(pattern))]
    found = [case for one in read for case in (one["cases"] if isinstance(one, dict) else one)]
    return [case for case in found if not case.get("superseded")]


def demand(found: Sequence[object], name: str) -> None:
    """An empty run must not look like a good one: fails where the folder was named, is skipped with the cure elsewhere."""
    if found:
        return
    if os.environ.get(VARIABLE):
        pytest.fail(f"no {name} in {FOLDER}, which {VARIABLE} names", pytrace=False)
    pytest.skip(f"no {name} in {FOLDER}: set {VARIABLE} to the folder of the peers' cases")
