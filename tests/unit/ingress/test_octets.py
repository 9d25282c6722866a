"""Where records end that say so otherwise than by line ends, whatever pieces a stream comes in."""

from __future__ import annotations

import random

import pytest

from collector.ingress.cutting import Cutter, Lines
from collector.ingress.octets import Ended, Octets, Recoded, Told, Whole

M = b"<13>1 - web shop - - - it fell"
COUNTED = b"%d %s" % (len(M), M)
Cuts = tuple[list[bytes], dict[str, list[bytes]]]


def cut(cutter: Cutter, *chunks: bytes) -> Cuts:
    """Records, and by reason what is wrong, of a connection that ends behind the last chunk."""
    records: list[bytes] = []
    faults: dict[str, list[bytes]] = {}
    pending, skipping = b"", False
    for number, chunk in enumerate((*chunks, b"")):
        pending += chunk
        while (found := cutter.cut(pending, last=number == len(chunks), skipping=skipping)).consumed:
            pieces = [found.text[at : at + size] for at, size in found.ranges] if found.ranges is not None else []
            lines = [line.strip() for line in found.text.split(b"\n") if line.strip()] if found.ranges is None else []
            records += pieces + lines
            assert found.records == len(pieces + lines)
            for reason, wrong in found.faults.items():
                faults.setdefault(reason, []).extend(wrong)
            pending, skipping = pending[found.consumed :], found.skipping
    assert not pending
    return records, faults


CASES = {
    "one": (COUNTED, [M], {}),
    "several": (COUNTED * 3, [M] * 3, {}),
    "a message of several lines": (b"7 <1>a\nb\n" + COUNTED, [b"<1>a\nb\n", M], {}),
    "lines of counted messages": (COUNTED + b"\n" + COUNTED + b"\r\n\0" + COUNTED, [M] * 3, {}),
    "blank": (b"3    " + COUNTED, [M], {}),
    "the end within a message": (COUNTED + COUNTED[:-3], [M], {"unfinished": [M[:-3]]}),
    "the end within a length": (COUNTED + b"12", [M], {"no length": [b"12"]}),
    "no length": (b"it fell\n" + COUNTED, [M], {"no length": [b"it fell"]}),
    "a length that is too small": (b"5 " + M + COUNTED, [M[:5], M], {"no length": [M[5:]]}),
    "a length that is too large": (b"36 " + M + COUNTED + COUNTED, [M + COUNTED[:6], M], {"no length": [COUNTED[6:]]}),
    "a length without end": (b"9999999999 " + M, [], {"unfinished": [M]}),
    "a number that is none": (b"0 x\n-1 y\n" + COUNTED, [M], {"no length": [b"0 x", b"-1 y"]}),
    "too long": (b"130 " + b"x" * 130 + COUNTED, [M], {"too long": [b"x" * 100], "no length": [b"x" * 30]}),
    "a length over all bounds": (b"99999999999999999999 x\n" + COUNTED, [M], {"no length": [b"99999999999999999999 x"]}),
    "binary": (b"\xff\x00\x01\n" + COUNTED, [M], {"no length": [b"\xff\x00\x01"]}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("size", [1, 3, 7, 10_000])
def test_octet_counting(case: tuple[bytes, list[bytes], dict[str, list[bytes]]], size: int) -> None:
    """The same records however the bytes arrive."""
    data, records, faults = case
    assert cut(Octets(100), *(data[at : at + size] for at in range(0, len(data), size))) == (records, faults)


def test_nothing_is_lost_of_what_is_no_syslog() -> None:
    """Every byte that says something is in a record, with or without a fault."""
    chance = random.Random(7)
    parts = [COUNTED, M, b"12 ", b"999 ", b"\n", b"\0", b"\xff", b"x" * 50, b"5 abcde", b" ", b"0"]
    for _ in range(300):
        data = b"".join(chance.choices(parts, k=chance.randrange(1, 12)))
        chunks, at = [], 0
        while at < len(data):
            size = chance.randrange(1, 40)
            chunks.append(data[at : at + size])
            at += size
        records, faults = cut(Octets(60), *chunks)
        said = b"".join([*records, *(piece for found in faults.values() for piece in found)])
        for letter in b"abcdefx<>":
            assert said.count(letter) == data.count(letter)


def test_a_connection_chooses_its_framing_once() -> None:
    """By how it begins; what comes later can't change it."""
    lines = M + b"\n" + COUNTED + b"\n"
    for size in (1, 5, 1000):
        pieces = [lines[at : at + size] for at in range(0, len(lines), size)]
        assert cut(Told(Octets(100), Lines(100)), *pieces) == ([M, COUNTED], {})
        counted = COUNTED * 2
        pieces = [counted[at : at + size] for at in range(0, len(counted), size)]
        assert cut(Told(Octets(100), Lines(100)), *pieces) == ([M] * 2, {})
    assert cut(Told(Octets(100), Lines(100)), b"12 drummers\n") == ([b"12 drummers"], {})
    assert cut(Told(Octets(100), Lines(100)), b"12") == ([b"12"], {})


def test_a_byte_that_ends_records() -> None:
    """NUL, as some devices send it: messages of several lines stay whole, what is too long is several."""
    assert cut(Ended(b"\0", 100), M + b"\0a\nb\0\0 \0", b"ha", b"lf") == ([M, b"a\nb", b"half"], {})
    records, _ = cut(Ended(b"\0", 100), b"x" * 250 + b"\0y\0")
    assert records == [b"x" * 100, b"x" * 100, b"x" * 50, b"y"]


def test_a_whole_connection_is_one_record() -> None:
    """Up to its bound, and no character is cut."""
    assert cut(Whole(100), b"a\n", b"b") == ([b"a\nb"], {})
    assert cut(Whole(3), b"a", "äöü".encode(), b"x" * 9) == (["aä".encode()], {})
    assert cut(Whole(100), b" \n") == ([], {})


def test_counted_bytes_of_another_encoding() -> None:
    """They are counted as they were sent, and read as text."""
    sent = "<13>é".encode("latin-1")
    assert cut(Recoded("latin-1", Octets(100)), b"%d %s" % (len(sent), sent), b"\xe9\n") == (
        ["<13>é".encode()],
        {"no length": ["é".encode()]},
    )
