"""A batch of many domains as one a domain, and back: the same records with what belongs to them, and nothing of another domain's."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import LogBatch
from collector.ledger.by_domain import decoded_together, encoded_by_domain
from collector.ledger.codec import decode_batch
from collector.samples import batch_of
from counterparts.examples import examples

TEXT = "text of "


def mixed(domains: list[str | None], resources: int) -> LogBatch:
    """A record for each domain, several a resource; texts name whose they are."""
    samples = [
        {
            "body": f"{TEXT}{domain} {at}", "severity": "INFO", "attributes": {f"key {n}": f"{TEXT}{domain} {n}" for n in range(at % 3)},
            "resource": {"service.name": f"{TEXT}{domain} {at % resources}"}, "scope": f"{TEXT}{domain}",
        }
        for at, domain in enumerate(domains)
    ]  # fmt: skip
    batch = batch_of(samples, "x.example")
    return batch.with_fields({"domain": pl.Series(domains, dtype=pl.String)})


def told(batch: LogBatch) -> list[tuple[object, ...]]:
    """Each record with all that belongs to it."""
    attributes = batch.all_attributes() if len(batch) else pl.DataFrame({"owner": [], "key": [], "string": []})
    own: dict[int, list[tuple[str, str]]] = {}
    for owner, key, text in attributes.select("owner", "key", "string").rows():
        own.setdefault(owner, []).append((key, text))
    resource = batch.resource_attribute_text("service.name").to_list()
    scopes = batch.scope_field("name").to_list()
    rows = batch.records.select("domain", "body", "record_id").rows()
    return [(*row, sorted(own.get(at, [])), resource[at], scopes[at]) for at, row in enumerate(rows)]


names = st.lists(st.sampled_from(["a.example", "b.example", "c.example", None]), min_size=1, max_size=30)


@settings(max_examples=examples(100), deadline=None)
@given(names, st.integers(1, 4), st.booleans())
def test_there_and_back(domains: list[str | None], resources: int, derived: bool) -> None:
    batch = mixed(domains, resources)
    if derived:
        batch = batch.with_attributes({"logboom.level": pl.Series([str(domain) for domain in domains])})
    parts = list(encoded_by_domain(batch))
    assert {domain: records for domain, records, _ in parts} == batch.by_domain()
    assert sorted(map(repr, told(decoded_together([part for *_, part in parts])))) == sorted(map(repr, told(batch)))
    for domain, records, part in parts:
        one = decode_batch(part)
        assert list(map(repr, told(one))) == [repr(each) for each in told(batch) if (each[0] or "") == domain]
        assert len(one) == records
        own = str(domain or None)
        texts = [
            str(row)
            for table in ("resource_attributes", "scopes", "attributes", "derived")
            for row in getattr(one, table).rows()
        ]
        others = {str(each) for each in domains} - {own}
        assert not [
            text for text in texts for other in others if f"{TEXT}{other} " in text or f"'{TEXT}{other}'" in text
        ]
    if len(parts) > 1:  # the key of the first was destroyed
        left = decoded_together([part for *_, part in parts[1:]])
        gone = parts[0][0]
        assert sorted(map(repr, told(left))) == sorted(repr(each) for each in told(batch) if (each[0] or "") != gone)


def test_rows_that_two_domains_share_are_in_both() -> None:
    """A processor may have put records of several domains under one resource."""
    batch = mixed(["a.example", "b.example", "a.example"], 1)
    shared = batch.records.with_columns(resource=pl.lit(0, pl.UInt32), scope=pl.Series([0, None, 0], dtype=pl.UInt32))
    batch = LogBatch(
        shared,
        batch.attributes,
        batch.derived,
        batch.resources,
        batch.resource_attributes,
        batch.scopes,
        batch.scope_attributes,
        batch.payloads,
    )
    parts = [part for *_, part in encoded_by_domain(batch)]
    assert sorted(map(repr, told(decoded_together(parts)))) == sorted(map(repr, told(batch)))
    assert [decode_batch(part).resources.height for part in parts] == [1, 1]
    assert [decode_batch(part).scopes.height for part in parts] == [1, 0]


def test_nothing() -> None:
    assert list(encoded_by_domain(LogBatch.empty())) == []
    assert len(decoded_together([])) == 0


@pytest.mark.parametrize("domains", [1, 3])
def test_ipc_of_a_slice_holds_nothing_of_its_neighbours(domains: int, tmp_path: Path) -> None:
    batch = mixed([f"{number % domains}.example" for number in range(12)], 2)
    for domain, _, part in encoded_by_domain(batch):
        frames = [getattr(decode_batch(part), name) for name in ("records", "resource_attributes")]
        assert all(f"{TEXT}{domain}" in str(row) for frame in frames for row in frame.rows())
