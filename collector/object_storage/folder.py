"""Objects as files below a folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from collector.disk.directory import sync_directory
from collector.object_storage.target import Content, Exists, Missing, Stored, TargetError


class FolderTarget:
    """Files below a folder, made with 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: Content, *, new: bool = False, headers: Mapping[str, str] | None = None) -> None:
        """See `Target.put`."""
        del headers
        path = self._folder / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            try:
                _write_durably(temporary, content)
                if new:
                    os.link(temporary, path)
                else:
                    temporary.rename(path)
            finally:
                temporary.unlink(missing_ok=True)
            sync_directory(path.parent)
        except FileExistsError:
            raise Exists(f"{path} exists") from None
        except OSError as error:
            raise TargetError(f"{path} can't be written: {error.strerror}") from error

    def get(self, name: str) -> bytes:
        """See `Target.get`."""
        return self.part(name, 0, -1)

    def part(self, name: str, start: int, length: int) -> bytes:
        """See `Target.part`."""
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except FileNotFoundError:
            raise Missing(f"{self._folder / name} is missing") from None
        except OSError as error:
            raise TargetError(f"{self._folder / name} can't be read: {error.strerror}") from error

    def list(self, prefix: str) -> Iterator[Stored]:
        """See `Target.list`."""
        for path in sorted((self._folder / prefix).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                found = path.stat()
                yield Stored(str(path.relative_to(self._folder)), found.st_size, found.st_mtime)

    def folders(self, prefix: str) -> Sequence[str]:
        """See `Target.folders`."""
        try:
            return sorted(entry.name for entry in os.scandir(self._folder / prefix) if entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise TargetError(f"{self._folder / prefix} can't be listed: {error.strerror}") from error

    def delete(self, names: Sequence[str]) -> None:
        """See `Target.delete`."""
        for name in names:
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise TargetError(f"{self._folder / name} can't be deleted: {error.strerror}") from error


def _write_durably(path: Path, content: Content) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
