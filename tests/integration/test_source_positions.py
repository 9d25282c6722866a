"""From a file into the journal, exactly once, whatever dies: one ingest process reads, and goes on where it was."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.journal.reader import JournalReader
from counterparts.reading_child import prepare
from counterparts.received_otlp import records

ROOT = Path(__file__).parents[2]
ALL = 1 << 40


def files(folder: Path) -> list[str]:
    """Three files of numbered lines, some of them equal in all but their place."""
    folder.mkdir()
    lines = []
    for name in ("a.log", "b.log", "c.log"):
        texts = ["the same" if number % 3 == 0 else f"{name} {number}" for number in range(120)]
        (folder / name).write_text("".join(text + "\n" for text in texts))
        lines += texts
    return lines


@contextlib.contextmanager
def ingest(root: Path, folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Both ingest slots of one data directory, until SIGKILL."""
    command = [sys.executable, "-m", "counterparts.reading_child", str(root)]
    children = [
        subprocess.Popen([*command, slot, str(folder)], stdout=subprocess.PIPE, cwd=ROOT / "tests", text=True)
        for slot in ("0", "1")
    ]
    try:
        yield children
    finally:
        for child in children:
            child.kill()
        second = [child.communicate()[0] for child in children][1]
    assert second == "", "one process reads"


def journal(root: Path, slot: int) -> Counter[str]:
    """Body → how often it is there."""
    reader = JournalReader.open(root / "journal" / str(slot))
    entries = reader.read({}, None, {"lines"}, ALL, ALL)
    reader.close()
    assert len({entry.digest for entry in entries}) == len(entries), "each has the digest of its place"
    found = records(entry.body for entry in entries)
    return Counter(one["record"]["body"]["stringValue"].removesuffix(" 0") for one in found)


@pytest.mark.slow
def test_every_line_once_over_kills(tmp_path):
    """Killed again and again at random lines, and two slots: every line of every file is in the first slot's journal once."""
    expected = files(tmp_path / "files")
    dice = random.Random()
    root, folder = tmp_path / "data", tmp_path / "files"
    prepare(root, str(folder))
    for _ in range(8):
        with ingest(root, folder) as (first, _second):
            for _line in range(dice.randrange(1, 60)):
                if first.stdout.readline() in ("", "end\n"):
                    break
    with ingest(root, folder) as (first, _second):
        while (line := first.stdout.readline()) != "end\n":
            assert line, "it ended"
    assert journal(root, 0) == Counter(expected)
    assert journal(root, 1) == Counter()
