"""Packages that tests need and the development environment does without: they are large, or ask for versions of what is there. pip installs them into
the tests' cache, once for each list of requirements."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_INSTALL_SECS = 270


def packages(name: str, requirements: Path) -> Path:
    """A folder of that name with them, and nothing that they depend on. Whoever asks while another process installs them waits: they are not fetched twice."""
    home = _CACHE / f"{name}-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            building = Path(tempfile.mkdtemp(dir=_CACHE))
            try:
                _install(building, requirements)
                building.rename(home)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return home


def _install(folder: Path, requirements: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
               "--only-binary", ":all:", "--target", str(folder), "--requirement", str(requirements)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECS, check=False)
    assert done.returncode == 0, f"pip cannot install {requirements}:\n{done.stderr[-3000:]}"
