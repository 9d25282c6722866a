"""What Maven Central has, installed once for all tests."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_INSTALL_SECS = 540


def jars(sources: Path, *options: str) -> Path:
    """The folder with the jars that `sources / "pom.xml"` depends on; Maven runs once for each such file."""
    name = hashlib.sha256((sources / "pom.xml").read_bytes()).hexdigest()[:16]
    home = _CACHE / f"{sources.name}-{name}"
    if not home.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        try:
            _install(sources, building, options)
            building.rename(home)
        except OSError:  # another test process was faster
            assert home.exists()
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home


def _install(sources: Path, folder: Path, options: tuple[str, ...]) -> None:
    needed = f"{sources.name} is installed by Maven from Maven Central; Maven and Java 17 are needed"
    command = ["mvn", "-q", "-B", "-f", str(sources / "pom.xml"), "dependency:copy-dependencies",
               f"-DoutputDirectory={folder}", *options]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECS, check=False)
    except FileNotFoundError:
        raise AssertionError(f"there is no mvn: {needed}") from None
    except subprocess.TimeoutExpired:
        raise AssertionError(f"Maven did not finish in {_INSTALL_SECS} s: {needed}") from None
    assert done.returncode == 0, f"Maven failed: {needed}\n{(done.stdout + done.stderr)[-3000:]}"
