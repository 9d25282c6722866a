"""The data directory: one owner at a time, one layout for ever."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from collector.backend.data_dir import lock_data_dir, open_data_dir
from collector.errors import StorageError


def test_a_new_directory_is_private(tmp_path: Path) -> None:
    """Directories are 0700: logs hold personal data."""
    made = open_data_dir(tmp_path / "data", 4)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE(made.journal(0).parent.stat().st_mode) == 0o700


def test_the_number_of_partitions_is_fixed(tmp_path: Path) -> None:
    """Another number would give domains other owners: refused, with the number to set."""
    open_data_dir(tmp_path, 4)
    assert open_data_dir(tmp_path, 4).partitions == 4
    with pytest.raises(StorageError, match=r"made with 4 partitions.*set service\.ledger\.partitions to 4"):
        open_data_dir(tmp_path, 8)


def test_a_foreign_format_is_refused(tmp_path: Path) -> None:
    """A directory of a later version is not touched."""
    (tmp_path / "layout.json").write_text('{"format": 99, "partitions": 4}')
    with pytest.raises(StorageError, match="format 99"):
        open_data_dir(tmp_path, 4)


def test_a_second_owner_is_refused_at_once(tmp_path: Path) -> None:
    """The error names the process that holds the directory."""
    script = (
        "import sys, time; from pathlib import Path; from collector.backend.data_dir import lock_data_dir\n"
        f"lock_data_dir(Path({str(tmp_path)!r})); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StorageError, match=f"in use by process {holder.pid}"):
            lock_data_dir(tmp_path, wait_secs=10)


def test_slots_of_an_earlier_configuration_are_found(tmp_path: Path) -> None:
    """Their backlog is still read when fewer ingest processes run."""
    made = open_data_dir(tmp_path, 1)
    for slot in (0, 1, 10, 2):
        made.journal(slot).mkdir()
    assert made.journal_slots() == [0, 1, 2, 10]
