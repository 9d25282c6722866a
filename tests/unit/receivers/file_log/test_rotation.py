"""Files that are renamed, copied, emptied, written anew and deleted while they are read: each line once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from counterparts.followed_files import Files

LONG = "".join(f"{number:04} of a file that is longer than what it is known again by\n" for number in range(40))


def lines(text: str) -> list[str]:
    return text.split("\n")[:-1]


def test_renamed_within_the_pattern_with_a_tail_unread(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", LONG)
    files.run()
    files.write("app.log", "the tail\n")
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    files.write("app.log", "new\n")
    files.run()
    assert sorted(files.bodies()) == sorted([*lines(LONG), "the tail", "new"])


def test_renamed_out_of_the_pattern_with_a_tail_unread(tmp_path: Path) -> None:
    files = Files(tmp_path, {"include": [f"{tmp_path}/*.log"]})
    files.write("app.log", LONG)
    files.run()
    files.write("app.log", "the tail\n")
    (tmp_path / "app.log").rename(tmp_path / "app.old")
    files.write("app.log", "new\n")
    files.run()
    assert sorted(files.bodies()) == sorted([*lines(LONG), "the tail", "new"])


@pytest.mark.parametrize("text", [LONG, "short\n"])
def test_copied_within_the_pattern_and_emptied(tmp_path: Path, text: str) -> None:
    """The copy holds what the file had, and a line that was written in between."""
    files = Files(tmp_path)
    files.write("app.log", text)
    files.run()
    files.write("app.log", "in between\n")
    shutil.copy(tmp_path / "app.log", tmp_path / "app.log.1")
    os.truncate(tmp_path / "app.log", 0)
    files.run()
    files.write("app.log", "new\n")
    files.run(8)
    assert sorted(files.bodies()) == sorted([*lines(text), "in between", "new"])


@pytest.mark.parametrize("text", [LONG, "short\n"])
def test_a_copy_that_is_seen_before_its_original_is_emptied(tmp_path: Path, text: str) -> None:
    files = Files(tmp_path)
    files.write("app.log", text)
    files.run()
    shutil.copy(tmp_path / "app.log", tmp_path / "app.log.1")
    files.run()
    files.write("app.log", "behind the copy\n")
    files.run(0.5)
    os.truncate(tmp_path / "app.log", 0)
    files.write("app.log", "new\n")
    files.run(8)
    assert files.bodies() == [*lines(text), "behind the copy", "new"]


def test_copied_out_of_the_pattern_and_emptied_loses_what_was_not_read_by_then(tmp_path: Path) -> None:
    """Nobody can read it any more: what was read by the last look is there, once, and the emptying is counted."""
    files = Files(tmp_path, {"include": [f"{tmp_path}/*.log"]})
    files.write("app.log", LONG)
    files.run()
    shutil.copy(tmp_path / "app.log", tmp_path / "app.old")
    os.truncate(tmp_path / "app.log", 0)
    files.run()
    files.write("app.log", "new\n")
    files.run()
    assert files.bodies() == [*lines(LONG), "new"]
    assert files.tailer.counts["truncated"] == 1


def test_emptied_and_begun_with_the_same_bytes(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", LONG + "old\n")
    files.run()
    os.truncate(tmp_path / "app.log", 0)
    files.run(0.5)
    files.write("app.log", LONG + "new\n")
    files.run()
    assert files.bodies() == [*lines(LONG), "old", *lines(LONG), "new"]


def test_written_anew_beyond_the_old_place_between_two_looks(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", LONG)
    files.run()
    text = "another beginning\n" + LONG
    files.write("app.log", text, "wb")
    files.run()
    assert files.bodies() == [*lines(LONG), *lines(text)]


def test_the_same_beginning_and_other_lines_behind_it_beyond_the_old_place(tmp_path: Path) -> None:
    """The first bytes are those of before; the ones before the place are not."""
    files = Files(tmp_path)
    files.write("app.log", LONG + "aaaa\n")
    files.run()
    text = LONG + "bbbb\nmore\n"
    files.write("app.log", text, "wb")
    files.run()
    assert files.bodies() == [*lines(LONG), "aaaa", *lines(text)]


@pytest.mark.parametrize(
    ("on_truncate", "then"),
    [("ignore", ["longer than before"]), ("read_new", ["cut", "longer than before"]), ("read_whole_file", None)],
    ids=["ignore", "read_new", "read_whole_file"],
)
def test_an_editor_takes_the_last_line_away(tmp_path: Path, on_truncate: str, then: list[str] | None) -> None:
    files = Files(tmp_path, {"on_truncate": on_truncate})
    files.write("app.log", LONG + "last\n")
    files.run()
    os.truncate(tmp_path / "app.log", len(LONG))
    files.run()
    files.write("app.log", "cut\n\nlonger than before\n")
    files.run()
    again = [*lines(LONG), "cut", "longer than before"]
    assert files.bodies() == [*lines(LONG), "last", *(again if then is None else then)]


def test_an_editor_takes_the_last_line_of_a_short_file_away(tmp_path: Path) -> None:
    """Less is left than it is known by; what is left is what was there."""
    files = Files(tmp_path)
    files.write("app.log", "2026 one\n2026 two\n2026 three\n")
    files.run()
    os.truncate(tmp_path / "app.log", 18)
    files.run()
    files.write("app.log", "2026 33333\n2026 four\n")
    files.run()
    assert files.bodies() == ["2026 one", "2026 two", "2026 three", "2026 four"]
    files.write("app.log", "2026 ano\n", "wb")
    files.run()
    assert files.bodies()[-1] == "2026 ano"


def test_equal_lines_at_equal_places_behind_a_truncation_are_no_repetition(tmp_path: Path) -> None:
    files = Files(tmp_path, {"on_truncate": "read_new"})
    files.write("app.log", LONG)
    files.run()
    for _ in range(3):
        files.write("app.log", "the same\n")
        files.run()
        os.truncate(tmp_path / "app.log", len(LONG))
        files.run()
    assert files.bodies() == [*lines(LONG), *3 * ["the same"]]
    digests = [entry.digest for entry in files.entries if entry.records]
    assert len(digests) == len(set(digests)) == 4
    files.start()
    files.write("app.log", "behind a restart\n")
    files.run()
    assert files.bodies()[-2:] == ["the same", "behind a restart"]
    assert len(files.positions) == 1


def test_rotated_twice_between_two_looks(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", "one\n")
    files.run()
    files.write("app.log", "two\n")
    (tmp_path / "app.log").rename(tmp_path / "app.log.2")
    files.write("app.log", "three\n")
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    files.write("app.log", "four\n")
    files.run(8)
    assert sorted(files.bodies()) == ["four", "one", "three", "two"]


def test_deleted_before_it_was_read_to_its_end(tmp_path: Path) -> None:
    files = Files(tmp_path, at_once=False)
    files.write("app.log", "one\ntwo\n")
    files.tailer.turn()
    files.write("app.log", "three\nwithout an end")
    (tmp_path / "app.log").unlink()
    files.answer()
    files.at_once = True
    files.run(10)
    assert files.bodies() == ["one", "two", "three", "without an end"]
    assert files.tailer.counts["files"] == 0


def test_an_inode_that_is_given_to_another_file_at_once(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = files.write("app.log", LONG)
    files.run()
    with path.open("r+b") as file:  # the same inode, as after unlink and create on a busy file system
        file.truncate(0)
        file.write(LONG.replace("of a file", "of others").encode())
    files.run()
    assert files.bodies() == [*lines(LONG), *lines(LONG.replace("of a file", "of others"))]


def test_two_files_with_the_same_first_bytes(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("a.log", LONG + "a\n")
    files.write("b.log", LONG + "b\n")
    files.run()
    assert files.bodies() == [*lines(LONG), "a", *lines(LONG), "b"]


def test_two_short_files_that_begin_alike(tmp_path: Path) -> None:
    """They may be a file and its copy; nothing of the kind shows, so both are read."""
    files = Files(tmp_path)
    files.write("a.log", "started\n")
    files.write("b.log", "started\n")
    files.run(8)
    files.write("a.log", "a\n")
    files.write("b.log", "b\n")
    files.run()
    assert sorted(files.bodies()) == ["a", "b", "started", "started"]


def test_a_file_that_is_shorter_than_what_it_is_known_by_grows(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for line in lines(LONG):
        files.write("app.log", f"{line}\n")
        files.run(0.4)
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    files.run()
    assert files.bodies() == lines(LONG)


def test_an_empty_file_is_filled_later(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", "")
    files.run(100)
    files.write("app.log", "one\n")
    files.run()
    assert files.bodies() == ["one"]


def test_a_link_that_leads_to_another_file_then(tmp_path: Path) -> None:
    folder = tmp_path / "pods"
    folder.mkdir()
    (folder / "0.log").write_text("one\n")
    (folder / "1.log").write_text("")
    logs = tmp_path / "containers"
    logs.mkdir()
    (logs / "c.log").symlink_to(folder / "0.log")
    files = Files(tmp_path, {"include": [f"{logs}/*.log"]})
    files.run()
    with (folder / "0.log").open("a") as file:
        file.write("two\n")
    (logs / "c.log").unlink()
    (logs / "c.log").symlink_to(folder / "1.log")
    (folder / "1.log").write_text("three\n")
    files.run()
    assert sorted(map(str, files.bodies())) == ["one", "three", "two"]


def test_links_in_a_circle_and_a_file_by_two_paths(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "up").symlink_to(tmp_path)
    (folder / "self").symlink_to(folder / "self")
    (folder / "x.log").write_text("one\n")
    (folder / "y.log").symlink_to(folder / "x.log")
    files = Files(tmp_path, {"include": [f"{tmp_path}/**/*", f"{folder}/self"]})
    files.run()
    assert files.bodies() == ["one"]


def test_more_files_than_may_be_open_and_all_of_them_rotate(tmp_path: Path) -> None:
    files = Files(tmp_path, {"max_concurrent_files": 4})
    for number in range(12):
        files.write(f"{number}.log", f"{number} one\n" * 2)
    files.run()
    for number in range(12):
        (tmp_path / f"{number}.log").rename(tmp_path / f"{number}.log.1")
        files.write(f"{number}.log", f"{number} three\n")
    files.run(8)
    assert len(files.bodies()) == 36
    assert sum(source.content is not None for source in files.tailer.known) <= 4


def test_another_length_of_first_bytes_over_a_restart(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", LONG)
    files.run()
    files.start(fingerprint_size=64)
    files.write("app.log", "more\n")
    files.run()
    files.start(fingerprint_size=2000)
    files.write("app.log", "and more\n")
    files.run()
    assert files.bodies() == [*lines(LONG), "more", "and more"]


def test_inodes_that_change_by_themselves(tmp_path: Path) -> None:
    """As on network file systems: the bytes say that it is the file of before."""
    files = Files(tmp_path)
    files.write("app.log", LONG)
    files.run()
    shutil.copy(tmp_path / "app.log", tmp_path / ".copy")
    (tmp_path / ".copy").rename(tmp_path / "app.log")
    files.write("app.log", "more\n")
    files.run(8)
    assert files.bodies() == [*lines(LONG), "more"]


def test_a_file_that_was_renamed_while_nobody_read_it(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.write("app.log", LONG)
    files.run()
    files.write("app.log", "the tail\n")
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    files.write("app.log", "new\n")
    files.start()
    files.run()
    assert sorted(files.bodies()) == sorted([*lines(LONG), "the tail", "new"])
