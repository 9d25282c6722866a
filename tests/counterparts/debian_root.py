"""A Debian in a folder, made by debootstrap once and kept in the tests' cache. Root and debootstrap are needed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"


def debian_root(release: str, *packages: str) -> Path:
    """The smallest system of a release with these packages; whoever changes it takes a copy (`cp --archive`)."""
    digest = hashlib.sha256(repr((release, packages)).encode()).hexdigest()[:16]
    home = _CACHE / f"debian-{release}-{digest}"
    if not home.exists():
        assert shutil.which("debootstrap"), "debootstrap is needed: make deploy-tools"
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        try:
            _make(release, packages, building)
            building.chmod(0o755)
            building.rename(home)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home


def _make(release: str, packages: tuple[str, ...], folder: Path) -> None:
    command = ["nice", "debootstrap", "--variant=minbase", f"--include={','.join(packages)}", release, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"debootstrap failed:\n{(done.stdout + done.stderr)[-3000:]}"
    for archive in (folder / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
