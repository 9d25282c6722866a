"""Files in chunks, each once; what is damaged is told; what is pruned goes, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson
import pytest

from collector.backup.errors import BackupError
from collector.backup.manifest import FilePart, Snapshot, new_id, of_now, unpacked
from collector.backup.repository import CHUNK_BYTES, Repository
from collector.errors import Locked
from collector.object_storage import Target
from collector.object_storage.folder import FolderTarget


@pytest.fixture
def repository(target: Target) -> Repository:
    return Repository.open(target, create=True)


@pytest.fixture
def folder(tmp_path: Path) -> Repository:
    return Repository.open(FolderTarget(tmp_path / "backups"), create=True)


def file(tmp_path: Path, content: bytes, name: str = "file") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def snapshot(repository: Repository, *parts: FilePart) -> Snapshot:
    made = of_now(new_id(), list(parts), 0)
    repository.write_snapshot(made)
    return made


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_file_comes_back(repository: Repository, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    part, _ = repository.write_file("partition/0/data.mdb", file(tmp_path, content), set())
    assert b"".join(repository.read_file(part)) == content
    assert part.size == size


def test_what_is_known_is_not_sent_again(folder: Repository, tmp_path: Path) -> None:
    old = os.urandom(3 * CHUNK_BYTES)
    first, _ = folder.write_file("store.db", file(tmp_path, old), known := set())
    changed = old[:CHUNK_BYTES] + os.urandom(10) + old[CHUNK_BYTES + 10 :]
    second, new_bytes = folder.write_file("store.db", file(tmp_path, changed), known)
    assert CHUNK_BYTES <= new_bytes < 1.1 * CHUNK_BYTES
    assert len({*first.chunks, *second.chunks}) == len(list(folder.target.list("chunks/"))) == 4


def test_a_snapshot_is_what_was_written(repository: Repository, tmp_path: Path) -> None:
    part, _ = repository.write_file("store.db", file(tmp_path, b"content"), set(), ("stream", 3, 7))
    made = snapshot(repository, part)
    assert repository.snapshot(made.id) == repository.snapshot() == made
    assert repository.snapshot().files[0].tail_least == 7


@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "another"])
def test_a_damaged_chunk_is_told(folder: Repository, tmp_path: Path, damage: str) -> None:
    part, _ = folder.write_file("store.db", file(tmp_path, os.urandom(2 * CHUNK_BYTES)), set())
    names = [stored.name for stored in folder.target.list("chunks/")]
    content = folder.target.get(names[0])
    if damage == "gone":
        folder.target.delete(names[:1])
    else:
        wrong = {
            "changed": content[:100] + bytes([content[100] ^ 1]) + content[101:],
            "cut": content[:-7],
            "another": folder.target.get(names[1]),
        }[damage]
        folder.target.put(names[0], wrong)
    with pytest.raises(BackupError, match=r"damaged|missing"):
        list(folder.read_file(part))


def test_a_damaged_document_is_told(folder: Repository, tmp_path: Path) -> None:
    made = snapshot(folder, FilePart("layout.json", 1, "d", ["c"]))
    name = f"snapshots/{made.id}.json"
    document = folder.target.get(name)
    for wrong in (document[:-9], document.replace(b"layout.json", b"layout.jsom"), b""):
        folder.target.put(name, wrong)
        with pytest.raises(BackupError, match="damaged"):
            folder.snapshot(made.id)


def test_what_a_newer_version_wrote_is_refused_by_name(folder: Repository) -> None:
    document = orjson.loads(of_now(new_id(), [], 0).packed()) | {"format": 2}
    with pytest.raises(BackupError, match="upgrade it"):
        unpacked("snapshots/x.json", orjson.dumps(document))
    folder.target.put("logboom-backup.json", b'{"format": 1, "seal": "aes"}')
    with pytest.raises(BackupError, match="sealed by 'aes'"):
        Repository.open(folder.target)


def test_what_is_no_backup_is_none(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no backup of logboom"):
        Repository.open(FolderTarget(tmp_path))


def test_pruning_keeps_what_the_newest_need(repository: Repository, tmp_path: Path) -> None:
    shared, own = os.urandom(CHUNK_BYTES), [os.urandom(CHUNK_BYTES) for _ in range(3)]
    made = []
    for number, content in enumerate(own):
        follows = ("old", 1, 1) if number == 0 else ("stream", number * 2, number * 2)
        path = file(tmp_path, shared + content, f"file-{number}")
        made.append(snapshot(repository, repository.write_file("store.db", path, set(), follows)[0]))
        time.sleep(0.002)  # ids sort by the millisecond
    for stream, number in (("old", 1), *(("stream", number) for number in range(1, 7))):
        repository.write(f"tails/{stream}/{number:010d}", b"x")
    assert repository.prune(keep=2) == [made[0].id]
    assert repository.ids() == [made[1].id, made[2].id]
    for snapshot_, content in zip(made[1:], own[1:], strict=True):
        assert b"".join(repository.read_file(snapshot_.files[0])) == shared + content
    assert len(list(repository.target.list("chunks/"))) == 3
    left = sorted(stored.name for stored in repository.target.list("tails/"))
    assert left == [f"tails/stream/{number:010d}" for number in range(2, 7)]
    assert repository.prune(keep=2) == []


def test_one_writes_at_a_time(repository: Repository) -> None:
    with repository.alone():
        second = Repository.open(repository.target)
        with pytest.raises(Locked, match="is writing to this backup"), second.alone():
            pass
    with repository.alone():
        pass


def test_the_lease_of_one_that_is_gone_ends(repository: Repository) -> None:
    until = {"holder": "elsewhere:1:aa", "until_unix": time.time() + 100}
    repository.target.put("lease.json", orjson.dumps(until))
    with pytest.raises(Locked), repository.alone():
        pass
    repository.target.put("lease.json", orjson.dumps(until | {"until_unix": time.time() - 1}))
    with repository.alone():
        pass
