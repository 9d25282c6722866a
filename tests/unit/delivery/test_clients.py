"""Records that came with something else share no request, and each request is sent with what came with its records."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.client_info import CLIENT, SENT_WITH, ClientInfo, Wanted
from collector.delivery.clients import by_client
from collector.delivery.config import DeliveryConfig
from collector.delivery.request import Part, Pending
from collector.errors import Unsendable
from collector.journal.entry import Entry
from collector.ledger.interface import OutboxEntry
from collector.ledger.marker import Marker, Name
from collector.outcomes import Ok, Retry
from collector.pipeline.decode import decode
from collector.testing.payloads import payload
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

TENANT = Wanted.headers(["X-Tenant"])


def client(tenant: str | None, **others: str) -> str:
    metadata = {name: [value] for name, value in others.items()}
    return ClientInfo(metadata | ({"x-tenant": [tenant]} if tenant is not None else {})).text()


def of(tenants: list[str | None], bodies: str) -> LogBatch:
    """Each record a payload of its own."""
    batch = text_batch(list(bodies))
    payloads = pl.concat([batch.payloads] * len(bodies)).with_columns(
        pl.Series(CLIENT, [client(tenant, other=str(place)) for place, tenant in enumerate(tenants)])
    )
    places = pl.Series("payload", range(len(bodies)), dtype=pl.UInt32)
    return replace(batch, records=batch.records.with_columns(places), payloads=payloads)


class Telling(ScriptedExporter):
    """Remembers with what each request was sent; also takes payloads."""

    def __init__(self, *script: Any) -> None:
        super().__init__()
        self.script = list(script)
        self.said: list[tuple[str, str]] = []

    def encode_payloads(self, payloads: Any) -> Any:
        return text_batch([str(len(body)) for body in payloads])

    async def send(self, request: LogBatch) -> Any:
        self.said.append((";".join(SENT_WITH.get().metadata.get("x-tenant", ())), "".join(request.column("body"))))
        assert "other" not in SENT_WITH.get().metadata
        answer = self.script.pop(0) if self.script else Ok()
        if isinstance(answer, Exception):
            raise answer
        return [answer]


def test_a_batch_is_put_apart(rig: Any) -> None:
    """In the order of the first records; each record with its own, over a retry; none without."""
    one, exporter = rig("x"), Telling(Retry("later"))
    one.kept_apart = {"x": TENANT}
    one.ledgers[0].put(of(["b", "a", None, "b", "a"], "01234"))
    one.run({"x": (exporter, DeliveryConfig())}, 30)
    assert sorted(set(exporter.said)) == [("", "2"), ("a", "14"), ("b", "03")]
    assert len(exporter.said) == 4
    assert one.ledgers[0].adds_up("x")
    assert one.ledgers[0].outcomes("x") == {"enqueued": 5, "exported": 5}


def test_neighbours_with_the_same_are_joined(rig: Any) -> None:
    """What else came with them does not matter."""
    one, exporter = rig("x"), Telling()
    one.kept_apart = {"x": TENANT}
    one.ledgers[0].put(of(["a", "a"], "01"))
    one.ledgers[0].put(of(["a"], "2"))
    one.run({"x": (exporter, DeliveryConfig())}, 5)
    assert exporter.said == [("a", "012")]


def test_payloads_are_put_apart_undecoded(rig: Any) -> None:
    one, exporter = rig("x"), Telling()
    one.kept_apart = {"x": TENANT}
    bodies = [payload(number) for number in (1, 2, 3)]
    entries = [
        Entry("0" * 16, number, "a", "otlp", body, number, 1_700_000_000_000, b"", client=client(tenant))
        for number, (tenant, body) in enumerate(zip(("a", "b", "a"), bodies, strict=True), 1)
    ]
    one.ledgers[0].put(entries)
    one.run({"x": (exporter, DeliveryConfig())}, 5)
    assert exporter.said == [("a", f"{len(bodies[0])}{len(bodies[2])}"), ("b", str(len(bodies[1])))]


def test_who_asks_for_nothing_gets_them_as_they_are(rig: Any) -> None:
    one, exporter = rig("x"), Telling()
    one.ledgers[0].put(of(["b", "a", None], "012"))
    one.run({"x": (exporter, DeliveryConfig())}, 5)
    assert exporter.said == [("", "012")]


def test_what_can_not_be_sent_becomes_a_dead_letter(rig: Any) -> None:
    """Its tenant's records alone."""
    one, exporter = rig("x"), Telling(Unsendable("2 values came with it"))
    one.kept_apart = {"x": TENANT}
    one.ledgers[0].put(of(["a", "b"], "01"))
    one.run({"x": (exporter, DeliveryConfig())}, 30)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "exported": 1, "dead_lettered": 1}


def test_what_killed_the_worker_is_tried_in_runs_of_the_same(rig: Any, tmp_path: Path) -> None:
    """An entry under suspicion is cut small, and no piece has two tenants."""
    one, exporter = rig("x"), Telling()
    one.kept_apart = {"x": TENANT}
    one.partitions = [tmp_path]
    one.ledgers[0].put(of(["a", "a", "b", "a"], "0123"))
    (entry,) = one.ledgers[0].deliverable("x", -1, 1 << 20)
    marker = Marker(tmp_path / "deliveries" / "x")
    marker.hold([Name("outbox", "", entry.seq, 0)], alone=False)
    one.run({"x": (exporter, DeliveryConfig())}, 10)
    assert exporter.said == [("a", "01"), ("b", "2"), ("a", "3")]


@pytest.mark.parametrize("kept_apart", [{}, {"x": TENANT}])
def test_what_is_said_ends_with_the_call(rig: Any, kept_apart: Any) -> None:
    async def look() -> Any:
        return SENT_WITH.get()

    one = rig("x")
    one.kept_apart = kept_apart
    one.ledgers[0].put(of(["a"], "0"))
    one.run({"x": (Telling(), DeliveryConfig())}, 5)
    assert asyncio.run(look()).metadata == {}


def test_many_tenants_keep_their_records_whole() -> None:
    """Attributes stay with their records, in the order in which they came."""
    entries = [
        Entry("0" * 16, place, "d", "otlp", payload(2, f"{place}"), 2, 1, b"", client=client(f"t{place % 7}"))
        for place in range(40)
    ]
    batch = decode(entries).batch
    batch = batch.with_attributes({"told": batch.column("body")})
    batch = replace(batch, attributes=batch.all_attributes(), derived=pl.DataFrame())
    part = Part.whole(Pending(0, OutboxEntry(1, "logs", len(batch), 1, batch.by_domain(), 0, batch)))
    apart = by_client(part, TENANT)
    assert [told for told, _ in apart] == [client(f"t{tenant}") for tenant in range(7)]
    for tenant, (told, own) in enumerate(apart):
        own_batch = own.batch()
        expected = [f"{place} {record}" for place in range(tenant, 40, 7) for record in (0, 1)]
        assert own_batch.column("body").to_list() == own_batch.attribute("told").to_list() == expected
        assert own_batch.attribute("http.route").null_count() == 0
        assert {own_batch.client[0]} == {told}  # type: ignore[index]
    assert sum(own.records for _, own in apart) == len(batch)
