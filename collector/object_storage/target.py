"""Where objects are kept: a folder, or an object storage (S3, R2, Google Cloud, Azure) by obstore, an extra."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from collector.errors import LogboomError

Content = bytes | memoryview | mmap.mmap


class TargetError(LogboomError):
    """Objects can't be written or read."""


class Missing(TargetError):
    """There is no object of that name."""


class Exists(TargetError):
    """There is one already."""


class Refused(TargetError):
    """Nothing of the kind is let through: a credential, a right, a bucket that is not there."""


class Busy(TargetError):
    """The storage has too much to do."""


class Unconditional(TargetError):
    """The storage can't say whether an object is new."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its name, how large it is, and when it was written (seconds since 1970)."""

    name: str
    size: int
    modified: float = field(default=0.0, compare=False)


class Target(Protocol):
    """Objects by name, such as `chunks/ab/abcd`. Any thread. Each method raises `TargetError`."""

    def put(self, name: str, content: Content, *, new: bool = False, headers: Mapping[str, str] | None = None) -> None:
        """Durable when it returns, whole or not at all. `new`: raises `Exists` where there is one, or `Unconditional`. `headers`: what
        goes with the object (`Content-Type`), where objects have such."""
        ...

    def get(self, name: str) -> bytes:
        """Raises `Missing`."""
        ...

    def part(self, name: str, start: int, length: int) -> bytes:
        """Some of an object's bytes, fewer at its end. Raises `Missing`."""
        ...

    def list(self, prefix: str) -> Iterator[Stored]:
        """Those below a prefix that ends in `/` (or of all, ""), in any order."""
        ...

    def folders(self, prefix: str) -> Sequence[str]:
        """The names of what stands next below such a prefix and has objects below it, sorted."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """What is gone already is passed over."""
        ...


def open_target(place: str, options: Mapping[str, str] | None = None, *, timeout_secs: float = 0.0) -> Target:
    """The target of a path or URL: `/backups`, `file:///backups`, `s3://bucket/prefix`, `gs://…`, `az://…`.

    Args:
        options: of the object storage, beside what the environment says (`AWS_ACCESS_KEY_ID` …): `endpoint`, `region` …
        timeout_secs: of one request to it; 0: the library's own.

    Raises:
        TargetError: no such kind, wrong options, or the extra is missing.
    """
    from collector.object_storage.bucket import ObjectTarget
    from collector.object_storage.folder import FolderTarget

    parts = urlsplit(place)
    if parts.scheme in ("", "file"):
        return FolderTarget(Path(unquote(parts.path) if parts.scheme else place).expanduser().absolute())
    return ObjectTarget(place, options or {}, timeout_secs)
