"""The labelled set says what it seems to say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from counterparts.labelled import JOINT, read

VALUES = read(Path(__file__).parent / "personal" / "labelled.jsonl")
CLASSES = ("email", "card", "iban", "national_id", "phone", "ip", "token", "secret")


def test_it_has_all_classes_and_as_many_hard_cases() -> None:
    counted = Counter(value.cls for value in VALUES)
    assert set(counted) == {*CLASSES, "none"}
    assert min(counted.values()) >= 30
    assert counted["none"] >= 300
    assert counted.total() >= 1000


def test_what_is_to_be_hidden_stands_in_the_text() -> None:
    for value in VALUES:
        assert all(hidden in value.text for hidden in value.hidden), value
        assert bool(value.hidden) == (value.cls != "none"), value
        assert JOINT not in value.text


def test_no_text_comes_twice() -> None:
    assert len({value.text for value in VALUES}) == len(VALUES)


def test_kinds_of_tokens_and_of_national_ids_are_many() -> None:
    tokens = {value.what for value in VALUES if value.cls == "token"}
    countries = {value.what[:2] for value in VALUES if value.cls == "national_id"}
    assert len(tokens) >= 40
    assert len(countries) >= 20
