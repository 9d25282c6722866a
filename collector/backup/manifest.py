"""What a backup says of itself: a snapshot is a list of files, a file a list of chunks."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from collector.backup.errors import BackupError
from collector.release import release

FORMAT = 1


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file of the data directory.

    Args:
        path: where it stands there, such as `partition/0/data.mdb`.
        digest: of all its bytes, 64 hex digits.
        chunks: their digests, in order.
        tail: the stream in the backup that has what was committed to it later (`tail.py`); None: there is none.
        tail_from, tail_least: the first object of the stream that brings it forward, and the last that must be there.
    """

    path: str
    size: int
    digest: str
    chunks: Sequence[str]
    tail: str | None = None
    tail_from: int = 0
    tail_least: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A data directory at one moment.

    Args:
        id: sorts by time.
        logboom: the version that made it.
        stored_bytes: how much of it was new to the target, as it is kept there.
    """

    id: str
    created_unix_ms: int
    logboom: str
    files: Sequence[FilePart]
    stored_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(part.size for part in self.files)

    @property
    def chunks(self) -> set[str]:
        """The digests of all its chunks."""
        return {chunk for part in self.files for chunk in part.chunks}

    def packed(self) -> bytes:
        """As it is kept: the document, and its own digest."""
        body = asdict(self)
        return orjson.dumps({"format": FORMAT, "snapshot": body, "digest": digest_of(orjson.dumps(body))})


def new_id() -> str:
    """`20261129T184012123-9f3c`: the time in UTC, and what tells two of a moment apart."""
    now = time.time_ns() // 1_000_000
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 1000)) + f"{now % 1000:03d}-{secrets.token_hex(2)}"


def digest_of(content: bytes) -> str:
    """What a chunk is named by: blake2b, 256 bits."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def of_now(id_: str, files: Sequence[FilePart], stored_bytes: int) -> Snapshot:
    """A snapshot of this version, made now."""
    return Snapshot(id_, time.time_ns() // 1_000_000, release(), files, stored_bytes)


def unpacked(name: str, content: bytes) -> Snapshot:
    """Raises `BackupError`: it is not what was written, or of a later format."""
    try:
        document = orjson.loads(content)
        newer = int(document["format"]) > FORMAT
        body: Mapping[str, Any] = document["snapshot"]
        whole = digest_of(orjson.dumps(body)) == document["digest"]
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{name} is damaged: {error}") from None
    if newer:
        raise BackupError(f"{name} was made by logboom {body.get('logboom')}: this one is older, upgrade it")
    if not whole:
        raise BackupError(f"{name} is damaged: its bytes are not those that were written")
    return Snapshot(**{**body, "files": [FilePart(**part) for part in body["files"]]})
