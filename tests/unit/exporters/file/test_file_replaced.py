"""The open file is still the file of that name: logrotate, `rm`, a folder that went."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.file.config import Rotation
from exporters.file.output import Output


def moved(path: Path) -> None:
    """logrotate without `create`."""
    path.rename(path.with_suffix(".1"))


def moved_and_made(path: Path) -> None:
    """logrotate with `create`."""
    moved(path)
    path.touch(0o600)


def deleted(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    """An editor's way to save."""
    other = path.with_suffix(".new")
    other.write_bytes(b"")
    other.replace(path)


def copied_and_emptied(path: Path) -> None:
    """logrotate with `copytruncate`."""
    shutil.copy(path, path.with_suffix(".1"))
    os.truncate(path, 0)


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("rotation", [None, Rotation()])
@pytest.mark.parametrize("change", [moved, moved_and_made, deleted, replaced, copied_and_emptied])
def test_what_comes_after_the_change_is_in_the_file_of_that_name(
    tmp_path: Path, change: Callable[[Path], None], rotation: Rotation | None, framed: bool
) -> None:
    """Said once; everything that was written before is where the change put it."""
    path = tmp_path / "logs.json"
    message = (lambda text: len(text).to_bytes(4, "big") + text) if framed else (lambda text: text + b"\n")
    output = Output(path, framed, rotation)
    assert output.write(message(b"before")) == ""
    change(path)
    told = output.write(message(b"after"))
    assert str(path) in told
    assert output.write(message(b"later")) == ""
    output.close()
    assert path.read_bytes() == message(b"after") + message(b"later")
    if (aside := path.with_suffix(".1")).exists():
        assert aside.read_bytes() == message(b"before")


def test_deleted_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the fsync: written again, for nobody finds the first."""
    path = tmp_path / "logs.json"
    output = Output(path, False, None)
    fsync, calls = os.fsync, []

    def deleting(file: int) -> None:
        fsync(file)
        calls.append(file)
        if len(calls) == 1:
            path.unlink()

    monkeypatch.setattr(os, "fsync", deleting)
    assert "deleted" in output.write(b"x\n")
    output.close()
    assert path.read_bytes() == b"x\n"


def test_a_failed_write_into_an_emptied_file_leaves_no_hole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cut after an error goes by the size that the file has now."""
    path = tmp_path / "logs.json"
    output = Output(path, False, None)
    output.write(b"x" * 1000 + b"\n")
    os.truncate(path, 0)

    def failing(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing)
        with pytest.raises(OSError, match="No space"):
            output.write(b"y\n")
    output.close()
    assert path.read_bytes() == b""
