"""The marker file: what was in hand when the process died."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from collector.errors import NoRoom
from collector.journal.entry import Entry
from collector.ledger.interface import Read
from collector.pipeline.suspects import Suspects

READ = b"a read's"


def entry(offset: int, domain: str = "a.example", journal: str = "0" * 16) -> Entry:
    return Entry(journal, offset, domain, "otlp", b"", 1, 0, bytes(16))


def after_death(path: Path) -> Suspects:
    """The next process's view; the first one never said goodbye."""
    return Suspects(path, "logs/main")


def test_nothing_is_suspicious_after_steps_that_ended(tmp_path: Path) -> None:
    attempts = Suspects(tmp_path, "logs/main")
    attempts.begin(READ, [entry(1), entry(2)])
    attempts.done(Read([entry(1), entry(2)]))
    again = after_death(tmp_path)
    assert not again.suspicious
    assert again.limit(1000, 1000) == (1000, 1000)


def test_a_death_with_many_in_hand_is_held_against_none_but_calls_for_care(tmp_path: Path) -> None:
    many = [entry(1), entry(3), entry(2, "b.example")]
    Suspects(tmp_path, "logs/main").begin(READ, many)
    second = after_death(tmp_path)
    assert [second.strikes(one) for one in many] == [0, 0, 0]
    assert second.limit(1000, 1000) == (1000, 64)
    second.begin(READ, many)
    third = after_death(tmp_path)
    assert [third.strikes(one) for one in many] == [0, 0, 0]
    assert third.limit(1000, 1000) == (1, 1)


def test_strikes_add_up_for_the_one_that_was_in_hand_alone(tmp_path: Path) -> None:
    Suspects(tmp_path, "logs/main").begin(READ, [entry(1), entry(2), entry(3)])
    for strikes in range(1, 4):
        again = after_death(tmp_path)
        again.begin(READ, [entry(1)])
        again.begin(READ, [entry(2)])
        last = after_death(tmp_path)
        others = (entry(1), entry(3), entry(2, "b.example"), entry(2, journal="f" * 16))
        assert [last.strikes(one) for one in (entry(2), *others)] == [strikes, 0, 0, 0, 0]
        assert last.limit(1000, 1000) == (1, 1)


def test_entries_that_are_committed_are_forgotten(tmp_path: Path) -> None:
    Suspects(tmp_path, "logs/main").begin(READ, [entry(1), entry(2)])
    again = after_death(tmp_path)
    again.done(Read([entry(1)]))
    assert again.suspicious
    again.done(Read([entry(2)]))
    assert not again.suspicious
    assert not after_death(tmp_path).suspicious


@pytest.mark.parametrize("end", ["rest", "close"])
def test_an_orderly_end_is_no_death(tmp_path: Path, end: str) -> None:
    attempts = Suspects(tmp_path, "logs/main")
    attempts.begin(READ, [entry(1)])
    getattr(attempts, end)()
    assert not after_death(tmp_path).suspicious


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xff" * 40, b"\x10\x00\x00\x00" + bytes(8) + b"x" * 16])
def test_a_torn_file_counts_as_empty(tmp_path: Path, damage: bytes) -> None:
    Suspects(tmp_path, "logs/main").begin(READ, [entry(1)])
    (file,) = (tmp_path / "attempts").iterdir()
    file.write_bytes(damage)
    assert not after_death(tmp_path).suspicious


def test_pipelines_do_not_share_a_file(tmp_path: Path) -> None:
    Suspects(tmp_path, "logs/main").begin(READ, [entry(1)])
    assert not Suspects(tmp_path, "logs/other").suspicious


def test_a_death_after_the_commit_is_no_death(tmp_path: Path) -> None:
    """Else a domain at rest would be suspected for ever."""
    Suspects(tmp_path, "logs/main").begin(READ, [entry(1), entry(2)])
    assert not Suspects(tmp_path, "logs/main", applied=READ).suspicious
    assert not after_death(tmp_path).suspicious


def test_entries_that_were_passed_over_are_forgotten(tmp_path: Path) -> None:
    """Their receiver has left the pipeline meanwhile."""
    Suspects(tmp_path, "logs/main").begin(READ, [entry(1), entry(2)])
    again = after_death(tmp_path)
    again.done(Read((), position={("0" * 16, "a.example"): 2}))
    assert not again.suspicious


def test_the_marker_has_its_blocks_before_it_is_needed(tmp_path: Path) -> None:
    """So that a disk that fills up does not fail the notes of a common step."""
    Suspects(tmp_path, "logs/main")
    assert (tmp_path / "attempts" / "logs%2Fmain").stat().st_blocks * 512 >= 16 << 10


def test_on_a_full_disk_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither at the start, when the file can't even be made, nor for a note that outgrows its blocks; all else goes on."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*_: object) -> None:
        raise full

    with monkeypatch.context() as disk:
        disk.setattr(os, "posix_fallocate", refuse)
        attempts = Suspects(tmp_path, "logs/main")
        with pytest.raises(NoRoom, match="attempts/logs%2Fmain: No space left on device"):
            attempts.begin(READ, [entry(1)])
        attempts.rest()
    attempts.begin(READ, [entry(1)])
    many = [entry(1, f"{number}.example") for number in range(1000)]
    with monkeypatch.context() as disk:
        disk.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(NoRoom):
            attempts.begin(READ, many)
        attempts.done(Read([entry(1)]))
        attempts.begin(READ, [entry(2)])
        assert after_death(tmp_path).strikes(entry(2)) == 1
    attempts.begin(READ, many)
    attempts.close()
    assert not after_death(tmp_path).suspicious
