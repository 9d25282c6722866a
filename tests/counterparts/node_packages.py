"""npm packages of a test, installed once for each lock file; npm and Node are needed, and never skipped."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"


def with_packages(sources: Path, script: str = "send.mjs") -> Path:
    """The script of a folder with the packages of its `package.json` beside it."""
    lock = (sources / "package-lock.json").read_bytes()
    home = CACHE / f"javascript-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=CACHE))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(sources / name, building / name)
        _install(building)
        try:
            building.rename(home)
        except OSError:  # another test process was faster
            shutil.rmtree(building)
    return Path(shutil.copy(sources / script, home / script))


def _install(folder: Path) -> None:
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"npm ci failed; Node 20 and npm are needed:\n{done.stderr}"
