"""What an entry costs those who work on it: at least so much a record, a resource and a scope, whatever its size."""

from __future__ import annotations

import pytest

from collector.journal.entry import Entry
from collector.journal.price import dearness_of, price_from, price_of
from collector.journal.rotation import QUANTUM_BYTES, Rotation, bite

PRICES = {
    "ordinary records": (500 * 200, 500, 2, 500 * 200),
    "empty records": (2 * 100_000, 100_000, 2, 64 * 100_000),
    "a resource for each record": (40 * 1000, 1000, 2000, 64 * 1000 + 320 * 1998),
    "one record": (40, 1, 2, 64),
}


@pytest.mark.parametrize(("size", "records", "groups", "price"), PRICES.values(), ids=PRICES)
def test_price(size: int, records: int, groups: int, price: int) -> None:
    """Bytes, records, resources and scopes → price; the journal keeps it in one byte, never too low and about right."""
    assert price_of(size, records, groups) == price
    kept = price_from(size, dearness_of(size, price))
    assert price <= kept <= price + size


def entry(domain: str, records: int, size: int = 0, price: int = 0) -> Entry:
    return Entry("j", 1, domain, "otlp", bytes(size), records, 1, bytes(16), price)


BITES = {
    "an ordinary one is taken whole": (entry("a", 2000, 400_000), 8 << 20, 16_384, 2000),
    "half of a step is taken whole": (entry("a", 8192), 8 << 20, 16_384, 8192),
    "more records than half a step": (entry("a", 100_000), 8 << 20, 16_384, 8192),
    "more bytes than half a step": (entry("a", 1000, 64 << 20), 8 << 20, 16_384, 62),
    "dearer than half a step": (entry("a", 10_000, 500_000, 16 << 20), 8 << 20, 16_384, 2500),
    "never less than a quantum": (entry("a", 100_000), 1, 1, QUANTUM_BYTES // 64),
    "never less than a record": (entry("a", 3, 3 << 20), 1, 1, 1),
}


@pytest.mark.parametrize(("whole", "max_bytes", "max_records", "taken"), BITES.values(), ids=BITES)
def test_bite(whole: Entry, max_bytes: int, max_records: int, taken: int) -> None:
    """How many records of an entry one step takes."""
    assert bite(whole, max_bytes, max_records) == taken


def test_the_pieces_of_an_entry_are_all_of_it() -> None:
    whole, at, pieces = entry("a", 10_000, 5_000), 0, []
    while at < whole.records:
        pieces.append(whole.piece(at, 3000))
        at += 3000
    assert [(piece.first, piece.records, piece.rest) for piece in pieces] == [
        (0, 3000, 7000), (3000, 3000, 4000), (6000, 3000, 1000), (9000, 1000, 0),
    ]  # fmt: skip
    assert sum(piece.cost for piece in pieces) == whole.cost
    assert pieces[1].onward().records == 7000


def test_turns_are_of_equal_price() -> None:
    """A domain that sends empty records gets no more of a step than one that sends as many ordinary ones."""
    into: list[Entry] = []
    streams = {
        "empty": iter([entry("empty", 500, 1000)] * 1000),
        "full": iter([entry("full", 160, 32_000)] * 1000),
    }
    Rotation().take(streams, into, 40 * QUANTUM_BYTES, 1 << 40)
    paid = {name: sum(one.cost for one in into if one.domain == name) for name in streams}
    assert abs(paid["empty"] - paid["full"]) <= QUANTUM_BYTES + 32_001
