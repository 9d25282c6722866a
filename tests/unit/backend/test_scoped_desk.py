"""Dead letters for a reader of some domains: its own, its part of shared ones, and no word of others."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from collector.backend.interface import FiledLetter, LetterFilter, NoSuchDeadLetter
from collector.backend.scoped_desk import NotAlone, ScopedDesk
from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.ledger.deadletters import DeadLetterInfo
from collector.scope import Scope
from collector.testing.text_batch import text_batch


def letter(number: int, reason: str, **by_domain: int) -> FiledLetter:
    names = {name.replace("_", "."): count for name, count in by_domain.items()}
    return FiledLetter(0, DeadLetterInfo(number, "exporter/x", "logs", reason, sum(names.values()), names, 1000, 5))


LETTERS = [
    letter(0, "alpha is bad", a_example=2), letter(1, "bravo is bad", b_example=3), letter(2, "alpha and bravo", a_example=1, b_example=3),
]  # fmt: skip


class WholeDesk:
    """All of it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def letters(self, chosen=None):
        return LETTERS

    def named(self, ids):
        return [each for each in LETTERS if each.id in ids]

    def content(self, letter):
        if letter.info.raw:
            return [Entry("j", 0, "a.example", "otlp", b"", 1, 0, b"")]
        rows = [domain for domain, count in letter.info.by_domain.items() for _ in range(count)]
        batch: LogBatch = text_batch(rows)
        return LogBatch(**{**_fields(batch), "records": batch.records.with_columns(pl.Series("domain", rows))})

    def request(self, action, letters):
        self.asked.append((action, [each.id for each in letters]))


def _fields(batch: LogBatch) -> dict[str, Any]:
    from dataclasses import fields

    return {field.name: getattr(batch, field.name) for field in fields(batch)}


@pytest.fixture
def whole() -> WholeDesk:
    return WholeDesk()


def test_letters(whole):
    """Its own; of shared ones its part, without what was said of all."""
    found = ScopedDesk(whole, Scope.of("a.example")).letters()
    assert [(each.id, each.info.records, dict(each.info.by_domain)) for each in found] == [
        ("0:0", 2, {"a.example": 2}), ("0:2", 1, {"a.example": 1}),
    ]  # fmt: skip
    assert "b" not in repr(dict(found[1].info.by_domain)).replace("a.example", "").replace("by", "")
    assert "bravo" not in repr(found)
    assert found[1].info.size_bytes == 250


def test_filters_see_what_the_reader_sees(whole):
    """No question tells what others have."""
    desk = ScopedDesk(whole, Scope.of("a.example"))
    assert desk.letters(LetterFilter(reason="bravo")) == []
    assert desk.letters(LetterFilter(domain="b.example")) == []
    assert len(desk.letters(LetterFilter(reason="alpha"))) == 1


def test_letters_of_others_are_not_there(whole):
    """The same answer as for one that nobody has."""
    desk = ScopedDesk(whole, Scope.of("a.example"))
    for ids in (["0:1"], ["9:9"]):
        with pytest.raises(NoSuchDeadLetter):
            desk.named(ids)
    assert ScopedDesk(whole, Scope.of()).letters() == []


def test_content(whole):
    """Its records of a shared letter."""
    desk = ScopedDesk(whole, Scope.of("a.example"))
    for found, count in zip(desk.letters(), (2, 1), strict=True):
        assert desk.content(found).column("domain").to_list() == ["a.example"] * count


def test_what_is_shared_is_not_its_to_replay(whole):
    """Nor to delete; then nothing is asked for. What is its own is."""
    desk = ScopedDesk(whole, Scope.of("a.example"))
    with pytest.raises(NotAlone, match="0:2"):
        desk.request("delete", desk.letters())
    assert whole.asked == []
    desk.request("delete", desk.letters()[:1])
    assert whole.asked == [("delete", ["0:0"])]
    ScopedDesk(whole, Scope.of("a.example", "b.example")).request("replay", LETTERS)
    assert whole.asked[1] == ("replay", ["0:0", "0:1", "0:2"])
