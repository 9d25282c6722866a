"""Lines of journalctl that are no entries, cursors, and output in pieces."""

from __future__ import annotations

import orjson
import pytest

from collector.receivers.journald.entries import EntryShape, is_same, read
from collector.receivers.journald.pieces import Pieces

CURSOR = "s=aa;i=1;b=bb;m=1;t=2;x=3"


def line(**fields: object) -> bytes:
    return orjson.dumps({"__REALTIME_TIMESTAMP": "1700000000000000", "__CURSOR": CURSOR, "MESSAGE": "m", **fields})


BAD = {
    "no JSON": (b'{"a":', "it is no JSON"),
    "no object": (b"[1]", "it is no object"),
    "no time": (line(__REALTIME_TIMESTAMP="soon"), "__REALTIME_TIMESTAMP"),
    "a number": (line(__REALTIME_TIMESTAMP=1700000000000000), "__REALTIME_TIMESTAMP"),
    "far away": (line(__REALTIME_TIMESTAMP="9" * 19), "__REALTIME_TIMESTAMP"),
    "endless": (line(__REALTIME_TIMESTAMP="9" * 9999), "__REALTIME_TIMESTAMP"),
    "no cursor": (line(__CURSOR=None), "__CURSOR"),
    "a long cursor": (line(__CURSOR="s" * 2000), "__CURSOR"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_line_that_is_no_entry_costs_itself(name: str) -> None:
    bad, said = BAD[name]
    received, cursor = read([line(), bad, line()], EntryShape(), "", 1)
    assert (received.records, received.repairs.rejected, cursor) == (2, 1, CURSOR)
    assert said in received.repairs.first
    assert read([bad], EntryShape(), "", 1).cursor is None


def test_only_the_first_line_of_a_run_may_be_the_one_before() -> None:
    assert read([line(), line()], EntryShape(), CURSOR, 1).received.records == 1
    assert read([line(), line()], EntryShape(), "", 1).received.records == 2


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (CURSOR, True),
        ("s=zz;i=9;b=bb;m=1;t=2;x=3", True),
        ("s=aa;i=2;b=bb;m=1;t=2;x=4", False),
        ("s=aa;i=2;b=bb;m=2;t=2;x=3", False),
        ("", False),
        ("odd", False),
    ],
)
def test_the_same_entry(other: str, same: bool) -> None:
    """By boot, both times and the hash of its fields: its number is that of a file."""
    assert is_same(CURSOR, other) is same
    assert not is_same("odd", "odder")


class Said:
    """Output that comes in these pieces."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._pieces = list(pieces)

    def read(self, wait_secs: float) -> bytes | None:
        return self._pieces.pop(0)


def test_pieces_are_whole_lines() -> None:
    pieces = Pieces()
    assert not pieces.fill(Said(b"a\nb", b"c\nd", b""), 1.0)
    assert pieces.lines() == [b"a", b"bc"]
    assert pieces.fill(Said(b"e\nf", None), 1.0)
    assert pieces.lines() == [b"de"]


def test_an_endless_line_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of it, too; what is behind it is read."""
    monkeypatch.setattr(Pieces, "most_bytes", 10)
    pieces = Pieces()
    pieces.fill(Said(b"a\n" + b"x" * 11, b"x" * 5, b"x", b"xx\nb\nc", b""), 1.0)
    assert (pieces.lines(), pieces.left_out(), pieces.left_out()) == ([b"a", b"b"], 1, 0)
    pieces.fill(Said(b"\n", b""), 1.0)
    assert pieces.lines() == [b"c"]
