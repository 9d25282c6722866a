"""A domain names so many services and attribute keys, whatever its senders invent; what is above that is put together, not lost."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch, concat
from collector.cardinality import OTHER
from collector.domains.cardinality import ATTRIBUTE_KEYS, SERVICES, CardinalityRules
from collector.domains.guards import EXEMPT, REST, SERVICE_SAID, AttributeKeys, ServiceNames
from collector.samples import batch_of
from collector.testing.work import FakeWork

DAY = 86_400_000_000_000


def services(*names: str, domain: str = "a.example") -> LogBatch:
    return batch_of([{"body": "x", "resource": {"service.name": name}} for name in names], domain)


def keyed(*records: dict[str, Any], domain: str = "a.example") -> LogBatch:
    return batch_of([{"body": "x", "attributes": record} for record in records], domain)


def rules(**most: int) -> CardinalityRules:
    return CardinalityRules(most)


def named(batch: LogBatch) -> list[str | None]:
    return batch.resource_attribute("service.name").to_list()


def keys(batch: LogBatch) -> set[str]:
    return set(batch.attributes.get_column("key").to_list())


def test_a_service_too_many_is_other_and_says_what_it_was() -> None:
    guard, work = ServiceNames(rules(services=2)), FakeWork()
    assert named(guard.process(services("cart", "till"), work)) == ["cart", "till"]
    found = guard.process(services("till", "scan-1", "scan-2", "cart"), work)
    assert named(found) == ["till", OTHER, OTHER, "cart"]
    assert found.resource_attribute(SERVICE_SAID).to_list() == [None, "scan-1", "scan-2", None]


def test_attributes_too_many_become_one_with_all_they_said() -> None:
    guard, work = AttributeKeys(rules(attribute_keys=2)), FakeWork()
    guard.process(keyed({"user": "u1", "order": 7}), work)
    found = guard.process(keyed({"user": "u2", "x1": 'say "hi"', "x2": 3, "x3": True}, {"order": 8}, {"x4": 1.5}), work)
    assert keys(found) == {"user", "order", REST}
    said = [None if text is None else json.loads(text) for text in found.attribute(REST).to_list()]
    assert said == [{"x1": 'say "hi"', "x2": 3, "x3": True}, None, {"x4": 1.5}]
    assert found.attribute("user").to_list() == ["u2", None, None]
    assert found.attributes.get_column("owner").is_sorted()


def test_keys_of_resources_and_scopes_count_with_those_of_records() -> None:
    guard, work = AttributeKeys(rules(attribute_keys=1)), FakeWork()
    record = {"body": "x", "attributes": {"user": "u"}, "resource": {"service.name": "cart", "pod.1": "p"}}
    found = guard.process(batch_of([record], "a.example"), work)
    assert keys(found) == {"user"}
    assert set(found.resource_attributes.get_column("key").to_list()) == {"service.name", REST}
    assert found.resource_attribute(REST).to_list() == ['{"pod.1":"p"}']


def test_what_says_where_a_record_is_from_is_never_too_many() -> None:
    guard, work = AttributeKeys(rules(attribute_keys=1)), FakeWork()
    guard.process(keyed({"first": "1"}), work)
    wanted = dict.fromkeys(sorted(EXEMPT - {REST}), "v")
    assert keys(guard.process(keyed(wanted), work)) == wanted.keys()


def test_each_domain_is_bounded_for_itself() -> None:
    """The neighbour of a domain that floods is not touched, in the same batch; nor is one whose bound was taken away."""
    some = CardinalityRules({ATTRIBUTE_KEYS: 1, SERVICES: 1}, {"free.example": {ATTRIBUTE_KEYS: 0, SERVICES: 0}})
    flood = keyed(*({f"k{number}": "v"} for number in range(50)))
    free = keyed(*({f"k{number}": "v"} for number in range(50)), domain="free.example")
    batch = concat([keyed({"own": "v"}, domain="b.example"), flood, free])
    found = AttributeKeys(some).process(batch, FakeWork())
    kept = {domain: len(keys(found.filter(found.column("domain") == domain))) for domain in found.by_domain()}
    assert kept == {"a.example": 2, "b.example": 1, "free.example": 50}
    mixed = concat(
        [services("s1", "s2"), services("s1", domain="b.example"), services("s1", "s2", domain="free.example")]
    )
    assert named(ServiceNames(some).process(mixed, FakeWork())) == ["s1", OTHER, "s1", "s1", "s2"]


def test_the_bound_is_exact_over_a_restart_and_a_value_of_last_week_makes_room() -> None:
    work = FakeWork()
    ServiceNames(rules(services=2)).process(services("cart", "till"), work)
    guard = ServiceNames(rules(services=2))
    assert named(guard.process(services("pay", "till"), work)) == [OTHER, "till"]
    work.now_unix_nano += 6 * DAY
    guard.process(services("till"), work)
    work.now_unix_nano += 2 * DAY
    assert named(guard.process(services("pay", "till", "cart"), work)) == ["pay", "till", OTHER]


def test_a_batch_within_its_bounds_is_the_same_object_and_reads_nothing() -> None:
    batch, work = keyed({"user": "u"}), FakeWork()
    guard = AttributeKeys(rules(attribute_keys=9))
    guard.process(batch, work)
    assert guard.process(batch, work) is batch
    work.states.clear()
    assert guard.process(batch, work) is batch
    assert not work.states["a.example"].values


@pytest.mark.parametrize("kind", [SERVICES, ATTRIBUTE_KEYS])
def test_it_is_told_with_the_number_of_names_and_shown_in_the_gauge(kind: str) -> None:
    told: list[tuple[str, str, int, int]] = []
    guard = {SERVICES: ServiceNames, ATTRIBUTE_KEYS: AttributeKeys}[kind](
        rules(**{kind: 1}), lambda *over: told.append(over)
    )
    work = FakeWork()
    for number in range(3):
        record = {"body": "x", "attributes": {f"k{number}": "v"}, "resource": {"service.name": f"s{number}"}}
        guard.process(batch_of([record], "a.example"), work)
    assert told == [("a.example", kind, 1, 1)] * 2
    assert list(guard.numbers()) == [("a.example", 1)]


def test_a_resource_without_records_names_nothing() -> None:
    """Its records were filtered; nobody knows whose it was."""
    batch, work = services("gone", "cart"), FakeWork()
    guard = ServiceNames(rules(services=1))
    assert named(guard.process(batch.filter(pl.Series([False, True])), work)) == ["cart"]
    assert named(guard.process(services("cart"), work)) == ["cart"]
    assert set(work.states) == {"a.example"}


def test_lists_and_maps_stay_readable_in_the_one_attribute() -> None:
    guard, work = AttributeKeys(rules(attribute_keys=1)), FakeWork()
    guard.process(keyed({"first": "1"}), work)
    found = guard.process(keyed({"many": [1, {"a": "b"}], "none": None}), work)
    assert json.loads(found.attribute(REST)[0]) == {"many": [1, {"a": "b"}], "none": None}
