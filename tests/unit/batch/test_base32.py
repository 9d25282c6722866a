"""Record ids as text: what is written of a time is read again, and sorts as the time does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.base32 import digits, first_record_id, received_ms
from collector.journal.entry import Entry
from collector.pipeline.record_ids import entry_part

LAST = 253_402_300_799_000


@given(st.integers(0, LAST))
def test_the_time_of_receipt_comes_back(unix_ms):
    """Out of the first id of a millisecond, and of any entry received in it."""
    entry = Entry("j", 7, "shop", "otlp", b"", 1, unix_ms, b"")
    assert received_ms(first_record_id(unix_ms) + "00000") == received_ms(entry_part(entry) + "00000") == unix_ms
    assert first_record_id(unix_ms) <= entry_part(entry) < first_record_id(unix_ms + 1)


@given(st.integers(0, 2**105 - 1), st.integers(0, 2**105 - 1))
def test_texts_sort_as_their_values(one, other):
    """That is what the alphabet is for."""
    assert (digits(one, 21) < digits(other, 21)) == (one < other)


@pytest.mark.parametrize(("foreign", "ms"), [("", 0), ("abc", 0), ("----------x", 0), ("ZZZZZZZZZZ", LAST)])
def test_foreign_ids(foreign, ms):
    """Never raise, and never lie beyond the calendar."""
    assert received_ms(foreign) == ms
