"""Other versions of the product, from the repository's history."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout


def named(commit: str) -> str:
    """What a commit is called in short: its hash and its subject."""
    return _git("log", "-1", "--format=%h %s", commit).decode().strip()


def before_newest_format() -> str:
    """The commit before the last one that touched what stands in the cluster's topics."""
    paths = ("changelog.py", "record.py", "status.py", "requests.py", "shared_keys.py", "poison.py")
    touched = _git(
        "log", "-1", "--format=%H", "--", *(f"collector/cluster/{name}" for name in paths), "collector/ledger/tables.py"
    )
    return touched.decode().strip() + "~1"


def unpacked(commit: str, folder: Path) -> Path:
    """The tree of a commit, in `folder`."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", commit))) as tar:
        tar.extractall(folder, filter="data")
    return folder
