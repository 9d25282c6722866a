"""What is kept at a target.

    logboom-backup.json           format, seal
    chunks/<2 digits>/<digest>    a MiB of a file at most, zstd, sealed; each once, however many snapshots have it
    snapshots/<id>.json           a `Snapshot`
    tails/<stream>/<n>            what a store did after its copy was made (`tail.py`)
    lease.json                    who writes now, and until when

A snapshot's document is written last and deleted first: what is listed is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import zstandard

from collector.backup.errors import BackupError
from collector.backup.manifest import FORMAT, FilePart, Snapshot, digest_of, unpacked
from collector.backup.seal import PLAIN, Seal, seal_of
from collector.errors import Locked
from collector.object_storage import Exists, Missing, Target

CHUNK_BYTES = 1 << 20
_MARK = "logboom-backup.json"
_LEASE = "lease.json"
_LEASE_SECS = 120.0
_AT_ONCE = 8


class NoBackup(BackupError):
    """Nothing was ever kept there."""


class Repository:
    """One target. Made by `open`."""

    def __init__(self, target: Target, seal: Seal) -> None:
        self.target = target
        self._seal = seal
        self._holder = ""
        self._lease_until = 0.0

    @classmethod
    def open(cls, target: Target, *, create: bool = False) -> Repository:
        """Raises:
        BackupError: there is none (and `create` is False), or it is of a later version.
        """
        try:
            mark = orjson.loads(target.get(_MARK))
        except Missing:
            if not create:
                raise NoBackup("there is no backup of logboom") from None
            mark = {"format": FORMAT, "seal": PLAIN.name}
            target.put(_MARK, orjson.dumps(mark))
        except ValueError:
            raise BackupError(f"{_MARK} is damaged") from None
        if mark.get("format") != FORMAT:
            raise BackupError(f"the backup has format {mark.get('format')}, this logboom knows {FORMAT}: upgrade it")
        return cls(target, seal_of(str(mark.get("seal"))))

    def ids(self) -> list[str]:
        """Of all snapshots, oldest first."""
        found = [stored.name for stored in self.target.list("snapshots/")]
        return sorted(Path(name).stem for name in found if name.endswith(".json"))

    def snapshot(self, id_: str | None = None) -> Snapshot:
        """One of them, by default the newest. Raises `BackupError`: there is none, or it is damaged."""
        if id_ is None:
            id_ = next(reversed(self.ids()), None)
        if id_ is None:
            raise NoBackup("there is no snapshot")
        try:
            return unpacked(name := f"snapshots/{id_}.json", self._seal.open(self.target.get(name)))
        except Missing:
            raise BackupError(f"there is no snapshot {id_}") from None

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """From now on it is one."""
        self.write(f"snapshots/{snapshot.id}.json", snapshot.packed())

    def write(self, name: str, content: bytes) -> None:
        """Any object, sealed."""
        self.target.put(name, self._seal.close(content))

    def read(self, name: str) -> bytes:
        """The content of one."""
        return self._seal.open(self.target.get(name))

    def write_file(
        self, path: str, file: Path, known: set[str], follows: tuple[str, int, int] | None = None
    ) -> tuple[FilePart, int]:
        """Keep a file, less the chunks that are known to be there, which grow by the new ones; how many bytes were new.

        Args:
            follows: stream, first and least object of its tail.
        """
        whole, digests = _Digest(), []
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="backup") as pool, file.open("rb") as content:
            puts = []
            while chunk := content.read(CHUNK_BYTES):
                self._renew()
                whole.update(chunk)
                digests.append(digest := digest_of(chunk))
                if digest not in known:
                    known.add(digest)
                    puts.append(pool.submit(self._put_chunk, digest, chunk))
                if len(puts) >= _AT_ONCE * 2:  # no more of the file in memory than that
                    puts[-_AT_ONCE * 2].result()
            stored = sum(put.result() for put in puts)
        return FilePart(path, whole.size, whole.hexdigest(), digests, *(follows or ())), stored

    def read_file(self, part: FilePart) -> Iterator[bytes]:
        """Its bytes, a chunk at a time. Raises `BackupError` when one is missing, or is not what was written."""
        whole = _Digest()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="backup") as pool:
            for start in range(0, len(part.chunks), _AT_ONCE):
                for chunk in pool.map(self._get_chunk, part.chunks[start : start + _AT_ONCE]):
                    whole.update(chunk)
                    yield chunk
        if (whole.size, whole.hexdigest()) != (part.size, part.digest):
            raise BackupError(f"{part.path} is not what was written: its chunks don't make it")

    def prune(self, keep: int) -> list[str]:
        """Delete all but the newest snapshots, and what only they had; the ids of those that went."""
        ids = self.ids()
        doomed = ids[: max(0, len(ids) - keep)]
        if not doomed:
            return []
        self.target.delete([f"snapshots/{id_}.json" for id_ in doomed])
        kept = [self.snapshot(id_) for id_ in ids[len(doomed) :]]
        wanted = {chunk for snapshot in kept for chunk in snapshot.chunks}
        chunks = [stored.name for stored in self.target.list("chunks/") if Path(stored.name).name not in wanted]
        self.target.delete([*chunks, *self._unwanted_tails(kept)])
        return doomed

    def _unwanted_tails(self, kept: Sequence[Snapshot]) -> Iterator[str]:
        """Objects of streams before the first that any snapshot needs."""
        first: dict[str, int] = {}
        for part in (part for snapshot in kept for part in snapshot.files):
            if part.tail is not None:
                first[part.tail] = min(part.tail_from, first.get(part.tail, part.tail_from))
        for stored in list(self.target.list("tails/")):
            _, stream, number = stored.name.split("/")
            if stream not in first or int(number) < first[stream]:
                yield stored.name

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes or prunes meanwhile; the lease of one that was killed ends after two minutes.

        Raises:
            Locked: somebody does.
        """
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        try:
            self._put_lease(new=True)
        except Exists:
            self._check_stale()
            self._put_lease()
        try:
            yield
        finally:
            self.target.delete([_LEASE])
            self._lease_until = 0.0

    def _put_lease(self, *, new: bool = False) -> None:
        until = time.time() + _LEASE_SECS
        self.target.put(_LEASE, orjson.dumps({"holder": self._holder, "until_unix": until}), new=new)
        self._lease_until = until

    def _renew(self) -> None:
        if 0 < self._lease_until < time.time() + _LEASE_SECS / 2:
            self._put_lease()

    def _check_stale(self) -> None:
        with contextlib.suppress(Missing, ValueError):
            found = orjson.loads(self.target.get(_LEASE))
            if found["until_unix"] > time.time() and not _is_gone(found["holder"]):
                raise Locked(f"{found['holder']} is writing to this backup (lease.json)")

    def _put_chunk(self, digest: str, chunk: bytes) -> int:
        sealed = self._seal.close(zstandard.ZstdCompressor(level=3).compress(chunk))
        self.target.put(_chunk_name(digest), sealed)
        return len(sealed)

    def _get_chunk(self, digest: str) -> bytes:
        try:
            sealed = self.target.get(_chunk_name(digest))
        except Missing as error:
            raise BackupError(str(error)) from None
        try:
            chunk = zstandard.ZstdDecompressor().decompress(self._seal.open(sealed), max_output_size=CHUNK_BYTES)
        except zstandard.ZstdError as error:
            raise BackupError(f"{_chunk_name(digest)} is damaged: {error}") from None
        if digest_of(chunk) != digest:
            raise BackupError(f"{_chunk_name(digest)} is damaged: its bytes are not those that were written")
        return chunk


class _Digest:
    """Of a whole file, and its size."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=32)
        self.size = 0

    def update(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _chunk_name(digest: str) -> str:
    return f"chunks/{digest[:2]}/{digest}"


def _is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that has ended."""
    host, pid, _ = holder.split(":")
    return host == socket.gethostname() and not Path(f"/proc/{pid}").exists()


def known_chunks(repository: Repository) -> set[str]:
    """Those of the newest snapshot: what is there for sure, and likely to come again."""
    newest: Sequence[str] = repository.ids()[-1:]
    return repository.snapshot(newest[0]).chunks if newest else set()
