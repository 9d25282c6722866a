"""One file that only ever holds whole messages.

    lines     {…}\\n{…}\\n
    framed    length (4 bytes, big-endian) message length message …

A message is on disk (fsync) before `write` returns. What a crash or a full disk cut off is removed before the next
message is written: at start the tail is looked at, after a failed write the file is cut back to where it was.

logrotate may take the file away (`mv` and `create`), or empty it (`copytruncate`): what is written after that is in the
file of that name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from collector.named_file import NamedFile
from exporters.file.config import Rotation

_TAIL = 64 << 10
_LENGTH = 4


class Output:
    """An open file. Belongs to one thread at a time.

    Args:
        framed: whether messages follow their length.
        held: whether a legal hold stands: then no backup is deleted, for nobody can tell whose records are in it.
    """

    def __init__(
        self, path: Path, framed: bool, rotation: Rotation | None, held: Callable[[], bool] = lambda: False
    ) -> None:
        self._held = held
        self._path = path
        self._framed = framed
        self._rotation = rotation
        self._file = -1
        self._size = 0
        self._name = NamedFile(path)
        self._open()

    def write(self, messages: bytes) -> str:
        """Append whole messages; returns what people must be told, or "". Raises OSError; then nothing of them is in the
        file."""
        told = self._return_to_the_name()
        self._append(messages)
        if not os.fstat(self._file).st_nlink:  # deleted in between: where it was written, nobody finds it
            told = self._return_to_the_name() or told
            self._append(messages)
        return told

    def _return_to_the_name(self) -> str:
        """Open the file that has the name now, if it is another one."""
        if self._file < 0:
            self._open()
            return ""
        lost = self._name.lost()
        if lost is not None:
            self.close()
            self._open()
            return lost
        size = os.fstat(self._file).st_size
        emptied, self._size = size < self._size, size
        return f"{self._path} was cut while it was open: it goes on at its new end" if emptied else ""

    def _append(self, messages: bytes) -> None:
        if self._rotation is not None and self._size and self._size + len(messages) > self._limit:
            self._rotate(self._rotation)
        try:
            view = memoryview(messages)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(messages)

    def close(self) -> None:
        """Close the file; twice is fine."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def _limit(self) -> int:
        return self._rotation.max_megabytes << 20 if self._rotation else 0

    def _open(self) -> None:
        new = not self._path.exists()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._name.opened(self._file)
        size = os.fstat(self._file).st_size
        self._size = _whole_frames(self._file, size) if self._framed else _whole_lines(self._file, size)
        if self._size < size:
            os.ftruncate(self._file, self._size)
        if new:
            _sync_directory(self._path.parent)

    def _rotate(self, rotation: Rotation) -> None:
        now = datetime.now().astimezone() if rotation.localtime else datetime.now(UTC)
        self._path.rename(self._backup_name(now))
        self.close()
        self._open()
        if not self._held():
            self._prune(rotation, now)

    def _backup_name(self, now: datetime) -> Path:
        """`<name>-2026-01-31T23-59-59.123<extension>`, with a number where that is taken."""
        stamp = now.strftime("%Y-%m-%dT%H-%M-%S.") + f"{now.microsecond // 1000:03d}"
        backup = self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")
        number = 0
        while backup.exists():
            number += 1
            backup = self._path.with_name(f"{self._path.stem}-{stamp}.{number}{self._path.suffix}")
        return backup

    def _prune(self, rotation: Rotation, now: datetime) -> None:
        backups = sorted(self.backups(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        oldest = now.timestamp() - rotation.max_days * 86_400
        for position, backup in enumerate(backups):
            too_many = rotation.max_backups and position >= rotation.max_backups
            too_old = rotation.max_days and backup.stat().st_mtime < oldest
            if too_many or too_old:
                backup.unlink(missing_ok=True)

    def backups(self) -> list[Path]:
        """Files that were set aside."""
        stamp = "-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*"
        pattern = _escaped(self._path.stem) + stamp + _escaped(self._path.suffix)
        return list(self._path.parent.glob(pattern))


def _whole_lines(file: int, size: int) -> int:
    """Where the last complete line ends."""
    end = size
    while end > 0:
        start = max(0, end - _TAIL)
        position = os.pread(file, end - start, start).rfind(b"\n")
        if position >= 0:
            return start + position + 1
        end = start
    return 0


def _whole_frames(file: int, size: int) -> int:
    """Where the last complete frame ends: one read of 4 bytes a frame."""
    end = 0
    while end + _LENGTH <= size:
        following = end + _LENGTH + int.from_bytes(os.pread(file, _LENGTH, end), "big")
        if following > size:
            break
        end = following
    return end


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
