"""An exporter's own area: the backlog that its quota of the outbox has no room for.

    <partition>/spill/<exporter, percent-encoded>/<seq, 20 digits>      the content as it would stand in the outbox

A file is written and fsynced before the transaction that enqueues the entry as `spilled`; the row decides. So a crash
before the transaction leaves a file that no row knows, one after an acknowledgement leaves a file that is not needed:
both are deleted at the next start. Only the partition's owner writes; space comes back when a file is deleted.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from urllib.parse import quote

from collector.disk.directory import sync_directory
from collector.errors import StorageError


class SpillArea:
    """The files of one exporter in one partition."""

    def __init__(self, partition: Path, exporter: str) -> None:
        self._path = partition / "spill" / quote(exporter, safe="")

    def write(self, seq: int, content: bytes) -> None:
        """Make the content durable. Raises `OSError` when the disk refuses; nothing is left behind then."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self.file(seq)
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(file)
            sync_directory(self._path)
        except OSError:
            target.unlink(missing_ok=True)
            raise

    def replace(self, seq: int, content: bytes) -> None:
        """Put another content in the place of one, whole or not at all. Raises `OSError` when the disk refuses."""
        draft = self._path / f".{seq:020d}"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(file)
            draft.rename(self.file(seq))
            sync_directory(self._path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def read(self, seq: int) -> bytes:
        """The content. Raises `StorageError` when it can't be read."""
        try:
            return self.file(seq).read_bytes()
        except OSError as error:
            raise StorageError(f"{self.file(seq)} can't be read: {error.strerror}") from error

    def delete(self, seq: int) -> None:
        """Give the space back; a file that stays is deleted at the next start."""
        with contextlib.suppress(OSError):
            self.file(seq).unlink(missing_ok=True)

    def sweep(self, wanted: AbstractSet[int]) -> None:
        """Delete every file but those of `wanted`."""
        with contextlib.suppress(FileNotFoundError):
            for file in list(self._path.iterdir()):
                if not (file.name.isdigit() and int(file.name) in wanted):
                    file.unlink(missing_ok=True)

    def file(self, seq: int) -> Path:
        """Where the content of an entry stands."""
        return self._path / f"{seq:020d}"


def spilled_file(partition: Path, exporter: str, seq: int) -> Path:
    """Where the content of a spilled entry stands."""
    return SpillArea(partition, exporter).file(seq)


def sweep(partition: Path, wanted: Mapping[str, AbstractSet[int]]) -> None:
    """Delete the files that no queue knows. At start, before anything is written."""
    for exporter, seqs in wanted.items():
        SpillArea(partition, exporter).sweep(seqs)
