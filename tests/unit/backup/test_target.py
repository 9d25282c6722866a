"""A folder and an object storage keep the same promises."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from collector.object_storage import Exists, Missing, Stored, Target, TargetError, open_target
from collector.object_storage.folder import FolderTarget
from counterparts.s3 import Bucket


def test_what_is_put_is_there(target: Target) -> None:
    target.put("chunks/ab/abcd", b"\0content")
    target.put("chunks/ab/abcd", b"other")
    target.put("snapshots/one.json", b"")
    assert target.get("chunks/ab/abcd") == b"other"
    assert list(target.list("chunks/")) == [Stored("chunks/ab/abcd", 5)]
    assert list(target.list("snapshots/")) == [Stored("snapshots/one.json", 0)]
    assert list(target.list("tails/")) == []


def test_what_is_new_is_put_once(target: Target) -> None:
    target.put("lease.json", b"first", new=True)
    with pytest.raises(Exists):
        target.put("lease.json", b"second", new=True)
    assert target.get("lease.json") == b"first"


def test_what_is_deleted_is_missing(target: Target) -> None:
    target.put("tails/a/1", b"1")
    target.put("tails/a/2", b"2")
    target.delete(["tails/a/1", "tails/a/3"])
    assert [stored.name for stored in target.list("tails/")] == ["tails/a/2"]
    with pytest.raises(Missing):
        target.get("tails/a/1")


def test_many_are_listed_all(target: Target) -> None:
    names = [f"tails/s/{number:010d}" for number in range(1100)] if isinstance(target, FolderTarget) else []
    names = names or [f"tails/s/{number:010d}" for number in range(30)]
    for name in names:
        target.put(name, b"x")
    assert sorted(stored.name for stored in target.list("tails/s/")) == names


WRONG = {
    "a key that is none": {"access_key_id": "nobody"},
    "nobody there": {"endpoint": "http://127.0.0.1:1"},
    "an option that there is not": {"no_such_option": "1"},
}


@pytest.mark.parametrize("case", ["nobody there", "an option that there is not"])
def test_what_goes_wrong_is_a_sentence(s3: Bucket, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.object_storage.bucket._RETRIES", {"max_retries": 0})
    with pytest.raises(TargetError, match="s3://backups/"):
        open_target(s3.url, s3.options | WRONG[case]).put("a", b"")


def test_a_folder_that_can_not_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError, match="can't be written: Not a directory"):
        open_target(str(tmp_path / "file")).put("a/b", b"")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("obstore"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TargetError, match=r"logboom\[backup\]"):
        open_target("s3://bucket/prefix")
