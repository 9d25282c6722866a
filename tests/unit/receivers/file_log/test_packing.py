"""Files that are packed while they are read: what is half written is no other file."""

from __future__ import annotations

import gzip
import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from collector.ingress.files.content import opened
from counterparts.followed_files import Files

_CHANCE = random.Random(7)
LINES = [f"{number:05} {_CHANCE.getrandbits(128):032x}" for number in range(400)]
TEXT = "".join(f"{line}\n" for line in LINES)
PACKED = gzip.compress(TEXT.encode(), mtime=0)
WITHIN = [0, 1, 3, 10, 18, 40, 500, len(PACKED) // 2, len(PACKED) - 9, len(PACKED) - 1]


def rotated(folder: Path, **options: Any) -> Files:
    """Read whole, and renamed."""
    files = Files(folder, {"include": [f"{folder}/app.log*"], "compression": "auto", **options})
    files.write("app.log", TEXT)
    files.run()
    (folder / "app.log").rename(folder / "app.log.1")
    files.write("app.log", "new\n")
    files.run()
    assert sorted(files.bodies()) == sorted([*LINES, "new"])
    return files


@pytest.mark.parametrize("cut", WITHIN)
@pytest.mark.parametrize("stays", [True, False], ids=["stays", "goes"])
def test_a_packed_file_that_is_seen_half_written(tmp_path: Path, cut: int, stays: bool) -> None:
    """As `gzip -k` and `gzip` do it, with looks in between."""
    files = rotated(tmp_path)
    files.write("app.log.1.gz", PACKED[:cut])
    files.run(3)
    files.write("app.log.1.gz", PACKED[cut:])
    if not stays:
        (tmp_path / "app.log.1").unlink()
    files.run(100)
    assert sorted(files.bodies()) == sorted([*LINES, "new"])


@pytest.mark.parametrize("text", ["short\n", TEXT], ids=["short", "long"])
def test_packed_at_once_and_its_original_unlinked_at_once(tmp_path: Path, text: str) -> None:
    files = Files(tmp_path, {"include": [f"{tmp_path}/app.log*"], "compression": "auto"})
    files.write("app.log", text)
    files.run(70)
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    files.run(1)
    files.write("app.log.1.gz", gzip.compress(text.encode()))
    files.run(0.1)
    (tmp_path / "app.log.1").unlink()
    files.run(20)
    assert files.bodies() == text.split("\n")[:-1]


def test_it_grows_for_longer_than_it_may_stand_still(tmp_path: Path) -> None:
    """Its original is out of the pattern: for 5 s nothing but its place is left."""
    files = Files(tmp_path, {"include": [f"{tmp_path}/app.log", f"{tmp_path}/*.gz"], "compression": "auto"})
    files.write("app.log", TEXT)
    files.run()
    (tmp_path / "app.log").rename(tmp_path / "old")
    for begins in range(0, len(PACKED), len(PACKED) // 5):
        files.write("app.log.1.gz", PACKED[begins : begins + len(PACKED) // 5])
        files.run(4)
    files.run(20)
    assert files.bodies() == LINES


def test_packing_goes_on_over_a_restart(tmp_path: Path) -> None:
    files = rotated(tmp_path)
    files.write("app.log.1.gz", PACKED[: len(PACKED) // 2])
    files.run()
    files.start()
    files.run()
    files.write("app.log.1.gz", PACKED[len(PACKED) // 2 :])
    (tmp_path / "app.log.1").unlink()
    files.run(20)
    assert sorted(files.bodies()) == sorted([*LINES, "new"])


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "goes"])
@pytest.mark.parametrize("cut", [300, len(PACKED) // 2], ids=["short", "long"])
def test_packing_that_never_ends_gives_nothing_twice(tmp_path: Path, stays: bool, cut: int) -> None:
    files = rotated(tmp_path)
    files.write("app.log.1.gz", PACKED[:cut])
    files.run(100)
    if not stays:
        (tmp_path / "app.log.1").unlink()
    files.run(100)
    assert sorted(files.bodies()) == sorted([*LINES, "new"])
    assert len(files.tailer.followed.active) <= 1


def test_packing_that_never_ended_and_its_original_gone_before_anybody_looked_is_read(tmp_path: Path) -> None:
    """It may be another file that begins alike: twice is better than never."""
    files = rotated(tmp_path)
    (tmp_path / "app.log.1").unlink()
    files.write("app.log.1.gz", PACKED[: len(PACKED) // 2])
    files.start()
    files.run(4)
    assert len(files.bodies()) == len(LINES) + 1
    files.run(4)
    assert files.bodies()[len(LINES) + 1 :][:100] == LINES[:100]


def test_another_packed_file_that_is_half_written_is_read(tmp_path: Path) -> None:
    """Of what is like nothing that was read the lines are here while it grows."""
    files = rotated(tmp_path, force_flush_period="0s")
    other = TEXT.replace("0", "x")
    packed = gzip.compress(other.encode())
    files.write("app.log.other.gz", packed[: len(packed) // 2])
    files.run(1)
    assert files.bodies()[len(LINES) + 1 :][:100] == other.split("\n")[:100]
    files.write("app.log.other.gz", packed[len(packed) // 2 :])
    files.run(1)
    assert files.bodies()[len(LINES) + 1 :] == other.split("\n")[:-1]


def test_a_copy_that_nobody_looked_at_for_long_goes_on_when_its_original_is_gone(tmp_path: Path) -> None:
    files = rotated(tmp_path)
    files.write("app.log.1.gz", PACKED)
    files.run(100)
    files.write("app.log.1.gz", gzip.compress(b"behind it\n"))
    files.run(100)
    (tmp_path / "app.log.1").unlink()
    files.run(10)
    assert sorted(files.bodies()) == sorted([*LINES, "new", "behind it"])


def test_a_comparison_is_not_repeated_for_more_than_a_tenth_of_the_time(tmp_path: Path) -> None:
    files = rotated(tmp_path)
    files.write("app.log.1.gz", PACKED[: len(PACKED) // 2])
    ticking = iter(range(10_000_000))
    times: list[float] = []
    decided = files.tailer.origins.decided

    def deciding(*given: Any) -> bool:
        times.append(files.now)
        return decided(*given)

    files.tailer.origins.decided = deciding  # type: ignore[method-assign]
    files.tailer.followed.now = lambda: files.now + next(ticking) * 1e-3
    files.run(2)
    assert len(times) > 2
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.01


def test_the_plain_bytes_of_what_grows(tmp_path: Path) -> None:
    """Wherever they are asked for, and in whatever order."""
    path = tmp_path / "x.gz"
    path.write_bytes(b"")
    chance = random.Random(3)
    plain = chance.randbytes(20_000) + TEXT.encode() * 30
    packed = gzip.compress(plain, mtime=0)
    content = opened(str(path), "gzip")
    assert (content.length(), content.whole()) == (0, False)
    written = 0
    while written < len(packed):
        step = chance.randrange(1, 9000)
        with path.open("ab") as file:
            file.write(packed[written : written + step])
        written += step
        length = content.length()
        for _ in range(3):
            begins, size = chance.randrange(length + 10), chance.randrange(30_000)
            assert content.read(begins, size) == plain[:length][begins : begins + size]
        assert content.whole() == (written >= len(packed))
    assert content.length() == len(plain)
    content.close()
