"""LMDB's locks on its table of readers last while the environment is open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from collector.disk.directory import allocate_lock_table
from collector.disk.environment import Environment

_TRY = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def test_looking_after_the_table_drops_no_lock(tmp_path: Path) -> None:
    """A process that closes any descriptor of a file gives up all its locks on it. Then the next process that opens the
    environment takes itself for the only one, and wipes the table under the readers (MDB_BAD_RSLOT)."""
    with Environment.create(tmp_path, 1 << 20, "journal", 1):
        allocate_lock_table(tmp_path)
        tried = subprocess.run(
            [sys.executable, "-c", _TRY, str(tmp_path / "lock.mdb")], capture_output=True, check=False
        )
    assert b"BlockingIOError" in tried.stderr or b"PermissionError" in tried.stderr
