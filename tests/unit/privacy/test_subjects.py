"""Whose a record is: as a mask over a batch, and of one document, with the same answers."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from collector.base32 import received_ms
from collector.batch import LogBatch
from collector.component import Erasure, Subject
from collector.privacy.subjects import held_by
from collector.samples import batch_of
from collector.testing.events import marked

ALWAYS = (1 << 62) - 1
SUBJECT = Subject(("user.id", "enduser.id"), "42")

CASES = {
    "an attribute": ({"attributes": {"user.id": "42"}}, True),
    "another attribute of the list": ({"attributes": {"enduser.id": "42"}}, True),
    "a number": ({"attributes": {"user.id": 42}}, True),
    "a double": ({"attributes": {"user.id": 42.0}}, True),
    "of the resource": ({"resource": {"user.id": "42"}}, True),
    "in a map": ({"attributes": {"user": {"id": "42", "name": "x"}}}, True),
    "a number in a map": ({"attributes": {"user": {"id": 42}}}, True),
    "below another key": ({"attributes": {"request": {"user.id": "42"}}}, True),
    "in a list of maps": ({"attributes": {"users": [{"user": {"id": "7"}}, {"user": {"id": "42"}}]}}, True),
    "a body that is a map": ({"body": {"user": {"id": 42}}}, True),
    "a body of JSON text": ({"body": '{"user.id": "42", "n": 1}'}, True),
    "another value": ({"attributes": {"user.id": "421"}}, False),
    "the value under another name": ({"attributes": {"order.id": "42"}}, False),
    "a name that ends alike": ({"attributes": {"superuser.id": "42"}}, False),
    "a map of somebody else": ({"attributes": {"user": {"id": "43", "age": 42}}}, False),
    "only in the text": ({"body": "user 42 logged in"}, False),
    "text that looks like JSON": ({"body": '{"user.id": 42'}, False),
    "nothing at all": ({"body": "ready"}, False),
}  # fmt: skip


def meant(subject: Subject | None = SUBJECT, domain: str = "default", before: int = ALWAYS) -> Erasure:
    return Erasure("e1", domain, subject, before)


def mask(samples: list[dict[str, object]], erasure: Erasure) -> list[bool]:
    return held_by(batch_of(samples), erasure).to_list()


@pytest.mark.parametrize("name", CASES)
def test_a_record_is_the_subjects(name: str) -> None:
    sample, theirs = CASES[name]

    assert mask([{"body": "before"}, sample, {"body": "behind"}], meant()) == [False, theirs, False]


@pytest.mark.parametrize("name", CASES)
def test_a_document_is_as_the_record(name: str) -> None:
    sample, theirs = CASES[name]
    body = sample.get("body")
    document = [sample.get("attributes", {}), sample.get("resource", {}), body if isinstance(body, dict) else {}]

    assert SUBJECT.named_in(document) == (theirs and not isinstance(body, str))


def test_of_records_that_share_a_resource_all_are() -> None:
    batch = batch_of([{"resource": {"user.id": "42"}}, {"resource": {"user.id": "43"}}])

    assert held_by(batch, meant()).to_list() == [True, False]


def test_what_a_processor_found_counts() -> None:
    batch = batch_of([{"body": "a"}, {"body": "b"}]).with_attributes({"user.id": pl.Series(["42", None])})

    assert held_by(batch, meant()).to_list() == [True, False]


def test_texts_count_where_that_is_asked_for_and_as_words_alone() -> None:
    samples = [
        {"body": "user 42 logged in"}, {"body": "GET /?user=42&x=1"}, {"body": "order 421"}, {"body": "v42"},
        {"attributes": {"url.query": "user.id=42"}}, {"attributes": {"tags": ["x", "a 42 b"]}}, {"body": {"note": "for 42"}},
    ]  # fmt: skip

    assert mask(samples, meant(replace(SUBJECT, in_texts=True))) == [True, True, False, False, True, True, True]
    assert not any(mask(samples, meant()))


def test_a_value_with_characters_that_json_escapes() -> None:
    subject = Subject(("user.id",), 'a"b\\é')

    assert mask([{"body": {"user.id": 'a"b\\é'}}, {"attributes": {"m": {"user.id": 'a"b\\é'}}}], meant(subject)) == [
        True,
        True,
    ]


@pytest.mark.parametrize("written", ["Jos\\u00e9\\/x", "Jos\\u00E9/x", "José\\/x", "\\u004aosé/x"])
def test_a_value_that_json_text_writes_otherwise(written: str) -> None:
    subject = Subject(("user.id",), "José/x")
    samples = [
        {"body": f' {{"user": {{"id": "{written}"}}}}'},
        {"body": f'{{"order": "{written}"}}'},
        {"body": "\\u00e9"},
    ]

    assert mask(samples, meant(subject)) == [True, False, False]
    assert mask(samples, meant(replace(subject, in_texts=True))) == [True, True, False]


def test_without_a_subject_all_of_the_domain_and_never_another_one() -> None:
    both = [{"attributes": {"user.id": "42"}}, {"body": "x"}]

    assert mask(both, meant(None)) == [True, True]
    assert mask(both, meant(None, domain="other")) == [False, False]
    assert mask(both, meant(domain="other")) == [False, False]


def test_what_was_received_later_stays() -> None:
    batch = batch_of([{"attributes": {"user.id": "42"}}])
    received = received_ms(batch.column("record_id")[0]) * 1_000_000

    assert held_by(batch, meant(before=received)).to_list() == [False]
    assert held_by(batch, meant(before=received + 1_000_000)).to_list() == [True]


def test_what_was_made_of_hers_later_is_meant_too() -> None:
    batch = batch_of([{"body": "for 42"}, {"body": "for 42"}])
    made = marked(batch, ["", "test.event"])

    assert held_by(made, meant(replace(SUBJECT, in_texts=True), before=1)).to_list() == [False, True]
    assert held_by(made, meant(None, before=1)).to_list() == [False, False]


def test_no_records() -> None:
    assert held_by(LogBatch.empty(), meant()).to_list() == []


def test_the_value_is_hidden_where_it_is_a_word() -> None:
    assert SUBJECT.hidden_in("42 of 421: user 42, id=42") == "*** of 421: user ***, id=***"


def test_of_many_people_in_maps_one_is_meant_each_time_it_is_asked() -> None:
    """What is looked at once for each distinct map is that map's own."""
    batch = batch_of([{"attributes": {"user": {"id": str(number)}}} for number in range(500)])
    for number in range(40, 50):
        theirs = held_by(batch, meant(Subject(("user.id",), str(number))))
        assert theirs.arg_true().to_list() == [number]
