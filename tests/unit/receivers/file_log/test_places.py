"""Where files are begun and gone on with: over restarts, refusals and kills."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.ingress.files.handed import Handed
from collector.ingress.files.identity import Mark, Place
from counterparts.followed_files import Files


def test_the_end_is_where_a_file_begins_that_is_there_at_the_first_start(tmp_path: Path) -> None:
    files = Files(tmp_path, {"start_at": "end"})
    files.write("app.log", "before\n")
    files.start()
    files.run()
    files.write("app.log", "after\n")
    files.run()
    assert files.bodies() == ["after"]


def test_the_end_is_kept_although_nothing_was_read(tmp_path: Path) -> None:
    files = Files(tmp_path, {"start_at": "end"})
    files.write("app.log", "before\n")
    files.start()
    files.run(2)
    files.write("app.log", "while it was down\n")
    files.start()
    files.run()
    assert files.bodies() == ["while it was down"]


def test_the_end_of_many_files_is_kept_together(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}.log").write_text(f"{number}\n")
    files = Files(tmp_path, {"start_at": "end"})
    files.run(2)
    assert len(files.positions) == 100
    assert len(files.entries) == 4


def test_a_file_that_is_made_later_begins_at_its_beginning(tmp_path: Path) -> None:
    files = Files(tmp_path, {"start_at": "end"})
    files.run()
    files.write("app.log", "one\n")
    files.run()
    assert files.bodies() == ["one"]


def test_a_file_that_was_begun_while_nobody_read_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Of a start that is not the first one nothing is skipped."""
    files = Files(tmp_path, {"start_at": "end"})
    files.write("app.log", "before\n")
    files.start()
    files.run(2)
    files.write("app.log", "more\n")
    files.write("new.log", "while it was down\n")
    files.start()
    files.run(8)
    assert sorted(map(str, files.bodies())) == ["more", "while it was down"]


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_a_piece_whose_handing_over_fails_is_read_again(tmp_path: Path, error: type[BaseException]) -> None:
    files = Files(tmp_path)
    files.write("app.log", "one\n")
    hand, files.tailer.handing.hand = files.tailer.handing.hand, _failing(error)
    with pytest.raises(error):
        files.run()
    assert not files.tailer.waits
    files.tailer.handing.hand = hand
    files.run(3)
    assert files.bodies() == ["one"]
    assert not files.tailer.waits


def test_a_failure_behind_the_handing_over_and_an_answer_all_the_same(tmp_path: Path) -> None:
    """What is on disk by then comes again, as the same piece; the answer to the first is no answer to the second."""
    files = Files(tmp_path, at_once=False)
    files.write("app.log", "one\n")
    hand = files.tailer.handing.hand

    def handing(handed: Handed) -> None:
        hand(handed)
        raise MemoryError

    files.tailer.handing.hand = handing
    with pytest.raises(MemoryError):
        files.tailer.turn()
    files.tailer.handing.hand = hand
    files.now += 2
    files.answer()
    files.tailer.turn()
    assert files.tailer.waits
    files.at_once = True
    files.answer()
    files.run()
    assert not files.tailer.waits
    assert len(files.entries) == 2
    assert len({entry.digest for entry in files.entries}) == 1


@pytest.mark.parametrize("fails", [True, False], ids=["failure", "refusal"])
def test_what_is_to_be_forgotten_is_so_when_its_piece_was_not_taken(tmp_path: Path, fails: bool) -> None:
    files = Files(tmp_path, {"on_truncate": "read_whole_file", "fingerprint_size": 16})
    text = "the first bytes of it\n"
    files.write("app.log", text + "one\n")
    files.run()
    os.truncate(tmp_path / "app.log", len(text))
    hand, files.refusing = files.tailer.handing.hand, not fails
    if fails:
        files.tailer.handing.hand = _failing(MemoryError)
        with pytest.raises(MemoryError):
            files.run()
        files.tailer.handing.hand = hand
    else:
        files.run(3)
    files.refusing = False
    files.run(5)
    assert files.bodies() == [text.strip(), "one", text.strip()]
    assert len(files.positions) == 1


def _failing(error: type[BaseException]) -> Callable[[Handed], None]:
    def handing(_: Handed) -> None:
        raise error

    return handing


def test_what_is_known_goes_on_whatever_start_at_says(tmp_path: Path) -> None:
    files = Files(tmp_path, {"start_at": "end"})
    files.write("app.log", "before\n")
    files.start()
    files.run(2)
    files.start(start_at="beginning")
    files.write("app.log", "after\n")
    files.run()
    assert files.bodies() == ["after"]


def test_no_room_for_an_hour(tmp_path: Path) -> None:
    files = Files(tmp_path, refusing=True)
    for number in range(50):
        files.write("app.log", f"{number}\n")
        files.run(3)
        files.now += 69
    assert files.bodies() == []
    assert files.tailer.counts["waits"] > 10
    files.refusing = False
    files.run(5)
    assert files.bodies() == [str(number) for number in range(50)]


def test_no_room_where_nothing_is_flushed(tmp_path: Path) -> None:
    files = Files(tmp_path, {"force_flush_period": "0s"}, refusing=True)
    files.write("app.log", "one\n")
    files.run(5)
    files.refusing = False
    files.run(5)
    assert files.bodies() == ["one"]


@pytest.mark.parametrize("seed", range(5))
def test_kills_at_any_moment(tmp_path: Path, seed: int) -> None:
    """Before what was read is durable, or behind that and before the answer; between, files grow
    and rotate by renaming. Each line is there once, in its order."""
    chance = random.Random(seed)
    files = Files(tmp_path, at_once=False)
    written = 0
    for _ in range(50):
        for _ in range(chance.randrange(4)):
            files.write("app.log", f"{written}\n")
            written += 1
        if chance.random() < 0.2 and (tmp_path / "app.log").exists():
            (tmp_path / "app.log").rename(tmp_path / f"app.log.{written}-{chance.random()}")
        files.tailer.turn()
        if chance.random() < 0.5:
            for handed in files.waiting:
                files.keep(handed)
        files.start()
    files.at_once = True
    files.run(10)
    assert sorted(map(int, map(str, files.bodies()))) == list(range(written))


def test_equal_lines_in_equal_pieces_are_told_apart(tmp_path: Path) -> None:
    """By where they stood: nothing that sets aside what came twice may take them for one."""
    files = Files(tmp_path)
    places = set()
    for _ in range(5):
        files.write("app.log", "the same\n")
        files.run()
        places |= {(source.id, source.place.offset) for source in files.tailer.known}
    assert files.bodies() == ["the same"] * 5
    assert len(places) == 5


def test_it_is_deleted_when_all_of_it_is_durable_and_not_before(tmp_path: Path) -> None:
    files = Files(tmp_path, {"delete_after_read": True}, at_once=False)
    path = files.write("app.log", "one\ntwo")
    files.run()
    assert path.exists()
    files.answer()
    files.at_once = True
    files.run(3)
    assert files.bodies() == ["one", "two"]
    assert not path.exists()
    files.write("other.log", "three\n")
    files.run(3)
    assert files.bodies() == ["one", "two", "three"]
    assert len(files.positions) <= 1


def test_a_file_that_may_not_be_read_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(tmp_path)
    files.write("app.log", "one\n")
    really, forbidden = os.open, [True]

    def opening(path: str, *args: int, **more: int) -> int:
        if forbidden[0] and str(path).endswith("app.log"):
            raise PermissionError(13, "Permission denied", path)
        return really(path, *args, **more)

    monkeypatch.setattr(os, "open", opening)
    files.run()
    assert files.bodies() == []
    assert files.tailer.counts["unreadable"] > 0
    forbidden[0] = False
    files.run()
    assert files.bodies() == ["one"]


def test_a_folder_that_goes_and_comes(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    files = Files(tmp_path, {"include": [f"{folder}/*.log"]})
    files.run()
    for text in ("one\n", "another\n"):
        folder.mkdir()
        (folder / "app.log").write_text(text)
        files.run()
        (folder / "app.log").unlink()
        folder.rmdir()
        files.run(8)
    assert files.bodies() == ["one", "another"]


def test_old_files_are_not_begun_and_those_that_were_go_on(tmp_path: Path) -> None:
    files = Files(tmp_path, {"exclude_older_than": "24h"})
    old = files.write("old.log", "old\n")
    os.utime(old, (1, 1))
    new = files.write("new.log", "one\n")
    files.run()
    files.write("new.log", "two\n")
    os.utime(new, (1, 1))  # a clock that jumped
    files.run()
    assert files.bodies() == ["one", "two"]


def test_ten_thousand_quiet_files_are_looked_at_for_a_hundredth_of_the_time(tmp_path: Path) -> None:
    """Whatever a look costs, the next one waits a hundred times as long; between them only what grows is asked."""
    for number in range(300):
        (tmp_path / f"{number}.log").write_text(f"{number} started\n")
    files = Files(tmp_path, {"start_at": "end"})
    files.run(2)
    files.now += 120
    files.run(1)
    assert files.tailer.followed.active == {}
    ticking = iter(range(10_000))
    files.now += 1
    files.tailer.followed.now = lambda: files.now + next(ticking)  # a look takes a second, so the next one is in 100
    files.tailer.turn()
    looks = files.tailer.finding.looks
    for _ in range(20):
        files.tailer.turn()
    assert files.tailer.finding.looks == looks
    files.tailer.followed.now = lambda: files.now
    files.write("7.log", "awake\n")
    files.now += 200
    files.run(1)
    assert files.bodies() == ["awake"]
    assert len(files.tailer.followed.active) == 1


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(
        1, 1 << 63, Mark.of(b"first"), 1 << 40, 7, 3, b"12345678", skipping=True, path="/var/log/\udcff" + "x" * 2000
    )
    read = Place.unpacked(place.packed())
    assert read is not None
    assert len(place.packed()) <= 1024
    assert (read.offset, read.mark, read.skipping, read.number) == (1 << 40, place.mark, True, 7)
    assert place.path.endswith(read.path)
    assert Place.unpacked(b"") is None
    assert Place.unpacked(b"\x09" + place.packed()[1:]) is None
