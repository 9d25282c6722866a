"""Where backups are kept: a folder, or an object storage (S3, R2, Google Cloud, Azure) by obstore, the extra `backup`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from collector.disk.directory import sync_directory
from collector.errors import LogboomError

_RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}


class BackupError(LogboomError):
    """A backup can't be made, found, or trusted."""


class Missing(BackupError):
    """There is no object of that name."""


class Exists(BackupError):
    """There is one already."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its name, and how large it is."""

    name: str
    size: int


class Target(Protocol):
    """Objects by name, such as `chunks/ab/abcd`. Any thread. Each method raises `BackupError`."""

    def put(self, name: str, content: bytes, *, new: bool = False) -> None:
        """Durable when it returns, whole or not at all. `new`: raises `Exists` where there is one."""
        ...

    def get(self, name: str) -> bytes:
        """Raises `Missing`."""
        ...

    def list(self, prefix: str) -> Iterator[Stored]:
        """Those below a prefix that ends in `/`, in any order."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """What is gone already is passed over."""
        ...


def open_target(place: str, options: Mapping[str, str] | None = None) -> Target:
    """The target of a path or URL: `/backups`, `file:///backups`, `s3://bucket/prefix`, `gs://…`, `az://…`.

    Args:
        options: of the object storage, beside what the environment says (`AWS_ACCESS_KEY_ID` …): `endpoint`, `region` …

    Raises:
        BackupError: no such kind, wrong options, or the extra is missing.
    """
    parts = urlsplit(place)
    if parts.scheme in ("", "file"):
        return FolderTarget(Path(unquote(parts.path) if parts.scheme else place).expanduser().absolute())
    return ObjectTarget(place, options or {})


class FolderTarget:
    """Files below a folder, made with 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: bytes, *, new: bool = False) -> None:
        """See `Target.put`."""
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
            raise BackupError(f"{path} can't be written: {error.strerror}") from error

    def get(self, name: str) -> bytes:
        """See `Target.get`."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise Missing(f"{self._folder / name} is missing") from None
        except OSError as error:
            raise BackupError(f"{self._folder / name} can't be read: {error.strerror}") from error

    def list(self, prefix: str) -> Iterator[Stored]:
        """See `Target.list`."""
        for path in sorted((self._folder / prefix).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield Stored(str(path.relative_to(self._folder)), path.stat().st_size)

    def delete(self, names: Sequence[str]) -> None:
        """See `Target.delete`."""
        for name in names:
            try:
                (self._folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise BackupError(f"{self._folder / name} can't be deleted: {error.strerror}") from error


class ObjectTarget:
    """Objects of a bucket or container."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError:
            raise BackupError(f"{url}: object storage needs the extra: pip install 'logboom[backup]'") from None
        self._url = url.rstrip("/")
        self._errors = (BaseError, OSError)
        client: Any = {"allow_http": options["allow_http"]} if "allow_http" in options else None
        config: Any = {name: value for name, value in options.items() if name != "allow_http"}
        try:
            self._store: Any = from_url(url, config=config, client_options=client, retry_config=_RETRIES)
        except (BaseError, ValueError) as error:
            raise BackupError(f"{url} can't be used: {error}") from error

    def put(self, name: str, content: bytes, *, new: bool = False) -> None:
        """See `Target.put`."""
        from obstore.exceptions import AlreadyExistsError

        try:
            self._store.put(name, content, mode="create" if new else "overwrite", use_multipart=False)
        except AlreadyExistsError:
            raise Exists(f"{self._url}/{name} exists") from None
        except self._errors as error:
            raise BackupError(f"{self._url}/{name} can't be written: {_first_line(error)}") from error

    def get(self, name: str) -> bytes:
        """See `Target.get`."""
        from obstore.exceptions import NotFoundError

        try:
            return bytes(self._store.get(name).bytes())
        except (NotFoundError, FileNotFoundError):
            raise Missing(f"{self._url}/{name} is missing") from None
        except self._errors as error:
            raise BackupError(f"{self._url}/{name} can't be read: {_first_line(error)}") from error

    def list(self, prefix: str) -> Iterator[Stored]:
        """See `Target.list`."""
        try:
            for page in self._store.list(prefix.rstrip("/")):
                yield from (Stored(found["path"], found["size"]) for found in page)
        except self._errors as error:
            raise BackupError(f"{self._url}/{prefix} can't be listed: {_first_line(error)}") from error

    def delete(self, names: Sequence[str]) -> None:
        """See `Target.delete`."""
        from obstore.exceptions import NotFoundError

        for name in names:
            try:
                self._store.delete(name)
            except (NotFoundError, FileNotFoundError):
                continue
            except self._errors as error:
                raise BackupError(f"{self._url}/{name} can't be deleted: {_first_line(error)}") from error


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
