"""Files that are no text, no files, full of holes, or change under the hand of the reader: what can be read is a record, and nothing stops."""

from __future__ import annotations

import errno
import gzip
import os
import random
import socket
from pathlib import Path

import pytest

from collector.ingress.files.content import Plain, opened
from counterparts.followed_files import Files

HOLE = 64 << 20


def test_what_is_no_regular_file_is_not_opened_and_holds_nobody_up(tmp_path: Path) -> None:
    """A pipe that nobody writes to would wait for ever, a device has no end."""
    os.mkfifo(tmp_path / "a.log")
    (tmp_path / "b.log").mkdir()
    (tmp_path / "c.log").symlink_to("/dev/zero")
    (tmp_path / "d.log").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "e.log"))
        files = Files(tmp_path)
        files.write("f.log", "one\n")
        files.run()
    assert files.bodies() == ["one"]
    assert files.tailer.counts["files"] == 1


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_became_a_pipe_or_a_device_since_somebody_looked(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "app.log"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match="no regular file"):
        opened(str(path), "auto")


def test_a_hole_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A program that goes on at its old place in a file that was emptied: 64 MiB that were never written, and what it wrote then."""
    files = Files(tmp_path)
    files.write("app.log", "before\n")
    files.run()
    with (tmp_path / "app.log").open("r+b") as file:
        file.truncate(0)
        file.seek(HOLE)
        file.write(b"one\ntwo\n")
    files.run()
    files.start()
    files.write("app.log", "three\n")
    files.run()
    assert files.bodies() == ["before", "one", "two", "three"]
    assert "hole of" in caplog.text


def test_a_hole_to_the_end_and_what_is_written_behind_it(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", "one\n")
    os.truncate(tmp_path / "app.log", HOLE)
    files.run(3)
    files.write("app.log", "two\n")
    files.run(3)
    assert files.bodies() == ["one", "two"]


def test_a_file_that_was_made_as_long_as_it_may_become(tmp_path: Path) -> None:
    """Lines come into the hole, one behind the other."""
    files = Files(tmp_path)
    path = files.write("app.log", "one\n")
    os.truncate(path, HOLE)
    for number in range(3):
        files.run(3)
        with path.open("r+b") as file:
            file.seek(4 + 5000 * number)
            file.write(b"%d" % number * 4999 + b"\n")
    files.run(3)
    assert files.bodies() == ["one", *(f"{number}" * 4999 for number in range(3))]


def test_a_hole_in_front_of_utf_16(tmp_path: Path) -> None:
    files = Files(tmp_path, {"encoding": "utf-16be"})
    with (tmp_path / "app.log").open("wb") as file:
        file.seek(HOLE)
        file.write("one\n".encode("utf-16-be"))
    files.run(3)
    assert files.bodies() == ["one"]


def test_zeros_that_were_written_are_a_record(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", bytes(10_000) + b"\none\n")
    files.run()
    assert files.bodies() == ["\0" * 10_000, "one"]


def test_an_error_of_the_disk_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(tmp_path)
    files.write("app.log", "one\n")
    files.run()
    really, broken = Plain.read, [True]

    def reading(self: Plain, offset: int, size: int) -> bytes:
        if broken[0]:
            raise OSError(errno.EIO, "Input/output error")
        return really(self, offset, size)

    monkeypatch.setattr(Plain, "read", reading)
    files.write("app.log", "two\n")
    files.write("other.log", "three\n")
    files.run()
    assert files.tailer.counts["unreadable"] > 0
    broken[0] = False
    files.run(3)
    files.write("app.log", "four\n")
    files.run(3)
    assert sorted(files.bodies()) == ["four", "one", "three", "two"]


def test_a_file_that_shrinks_between_a_look_and_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is old when it is read."""
    files = Files(tmp_path, {"force_flush_period": "0s"})
    files.write("app.log", "one\ntwo\nthree\n")
    really = Plain.read

    def reading(self: Plain, offset: int, size: int) -> bytes:
        if offset == 0 and size > 1000:
            os.truncate(tmp_path / "app.log", 6)
        return really(self, offset, size)

    monkeypatch.setattr(Plain, "read", reading)
    files.run()
    monkeypatch.undo()
    files.write("app.log", "o\n")
    files.run()
    assert files.bodies() == ["one", "two"]


@pytest.mark.parametrize(
    ("encoding", "codec", "then"),
    [("utf-8", "utf-8", "utf-16-be"), ("utf-8", "utf-8", "latin-1"), ("big5", "big5", "utf-8")],
    ids=["utf-8 to utf-16", "utf-8 to latin-1", "big5 to utf-8"],
)  # fmt: skip
def test_a_file_that_changes_its_encoding(tmp_path: Path, encoding: str, codec: str, then: str) -> None:
    """What can't be read is marked; what comes behind it in the old encoding is read."""
    files = Files(tmp_path, {"encoding": encoding})
    for text, written in (
        ("日本\n", codec),
        ("größe ÿ\n" if then == "latin-1" else "größe €\n", then),
        ("\n日本\n", codec),
    ):
        files.write("app.log", text.encode(written))
    files.run(3)
    bodies, repaired = files.bodies(), files.attribute("logboom.repaired")
    assert (bodies[0], bodies[-1]) == ("日本", "日本")
    assert (repaired[0], repaired[-1]) == (None, None)
    assert "not_utf8" in repaired


def test_a_file_in_utf_16_that_goes_on_in_utf_8(tmp_path: Path) -> None:
    files = Files(tmp_path, {"encoding": "utf-16le"})
    files.write("app.log", "größe\n".encode("utf-16-le") + b"one\xd8\xdc\ntwo\nodd")
    files.run(3)
    assert files.bodies()[0] == "größe"
    assert files.attribute("logboom.repaired")[-1] == "not_utf8"
    assert all(source.place.offset == source.size for source in files.tailer.known)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16le", "utf-16be", "big5", "shift_jis", "ascii", "nop"])
@pytest.mark.parametrize("seed", range(3))
def test_any_bytes_are_read_to_their_end(tmp_path: Path, encoding: str, seed: int) -> None:
    """In pieces of any length, with lines that are split, and over restarts: nothing is raised, and nothing is left."""
    chance = random.Random(f"{encoding} {seed}")
    files = Files(tmp_path, {"encoding": encoding, "max_log_size": 50})
    for _ in range(8):
        files.write(
            "app.log", bytes(chance.choice(b"\n\r\0 a\xe4\xff\xd8\x81\x1f") for _ in range(chance.randrange(300)))
        )
        files.run(chance.choice((0.1, 2.0)))
        if chance.random() < 0.3:
            files.start()
    files.run(3)
    assert all(source.place.offset == source.size for source in files.tailer.known)
    assert files.bodies()


def test_two_packed_files_that_begin_alike(tmp_path: Path) -> None:
    """In their packed bytes, and in more plain ones than a file is known by."""
    begins = "".join(f"{number} of the same beginning\n" for number in range(200))
    files = Files(tmp_path, {"compression": "gzip"})
    files.write("a.gz", gzip.compress(f"{begins}a\n".encode(), mtime=0))
    files.write("b.gz", gzip.compress(f"{begins}b\n".encode(), mtime=0))
    files.run(10)
    assert sorted(files.bodies()) == sorted([*begins.split("\n")[:-1] * 2, "a", "b"])
