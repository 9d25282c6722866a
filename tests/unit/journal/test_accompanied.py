"""What came with a request lies with its payload, from the journal to the batch, and through every form that it takes on disk."""

from __future__ import annotations

from typing import Any

import pytest

from collector.batch import concat
from collector.client_info import NOBODY, ClientInfo, Wanted, client_info, part_of
from collector.journal.accompanied import accompanied
from collector.journal.entry import Entry
from collector.journal.layout import PayloadKind
from collector.journal.provenance import Provenance
from collector.journal.reader import JournalReader
from collector.ledger.codec import decode_batch, decode_entries, encode_batch, encode_entries
from collector.pipeline.decode import decode
from collector.testing.payloads import payload

CLIENT = ClientInfo({"x-tenant": ["acme", "ü"]}, {"username": "jo"}, "10.0.0.7")


def entries(bench: Any, kit: Any, *clients: str, kind: PayloadKind = PayloadKind.OTLP) -> list[Entry]:
    bench.open()
    for number, client in enumerate(clients):
        body = payload(3, f"text {number}")
        sent = kit.payload(accompanied(body, client) if client else body, records=3)
        assert bench.append(sent._replace(with_client=bool(client), kind=kind)) is None
    reader = JournalReader.open(bench.path)
    found = list(reader.read({}, None, {"otlp"}, 1 << 30, 1 << 30))
    reader.close()
    return found


def test_beside_payloads_without(bench: Any, kit: Any) -> None:
    """Body and facts come back apart; both have passed the checksum."""
    found = entries(bench, kit, "", CLIENT.text(), "")
    assert [entry.client for entry in found] == ["", CLIENT.text(), ""]
    assert [entry.damaged for entry in found] == [False] * 3
    assert [entry.body for entry in found] == [payload(3, f"text {number}") for number in range(3)]
    told = decode(found).batch.client
    assert told is not None
    assert [client_info(text) for text in told] == [NOBODY] * 3 + [CLIENT] * 3 + [NOBODY] * 3


@pytest.mark.parametrize("client", ["", CLIENT.text()])
def test_where_it_stood_before_lies_in_front_of_it(bench: Any, kit: Any, client: str) -> None:
    told = Provenance.of("0123456789abcdef", [(7, 1, 0), (8, 2, 0)]).text()
    bench.open()
    sent = kit.payload(accompanied(payload(3, "text"), client, told), records=3)
    assert bench.append(sent._replace(with_client=True)) is None
    reader = JournalReader.open(bench.path)
    (entry,) = reader.read({}, None, {"otlp"}, 1 << 30, 1 << 30)
    reader.close()
    assert (entry.body, entry.client, entry.provenance) == (payload(3, "text"), client, told)
    assert [each.provenance for each in decode_entries(encode_entries([entry.piece(1, 1)]))] == [told]


@pytest.mark.parametrize("kind", [PayloadKind.MADE_2, PayloadKind.OTLP])
def test_it_is_a_bit_beside_the_kind(bench: Any, kit: Any, kind: PayloadKind) -> None:
    (entry,) = entries(bench, kit, CLIENT.text(), kind=kind)
    assert (entry.made, entry.client, entry.damaged) == (int(kind), CLIENT.text(), False)


def test_a_large_one_takes_chunks(bench: Any, kit: Any) -> None:
    (entry,) = entries(bench, kit, ClientInfo({"x": ["y" * 16_000]}).text())
    assert len(client_info(entry.client).metadata["x"][0]) == 16_000
    assert len(decode([entry]).batch) == 3


def test_pieces_dead_letters_and_the_outbox_keep_it(bench: Any, kit: Any) -> None:
    (entry,) = entries(bench, kit, CLIENT.text())
    plain = entry._replace(client="")
    written = [entry, entry.piece(1, 1), plain, plain.piece(1, 1), plain.piece(2, 1), plain._replace(text=True)]
    assert [each._replace(price=0) for each in decode_entries(encode_entries(written))] == [
        each._replace(price=0) for each in written
    ]
    batch = decode([entry.piece(1, 1)]).batch
    assert decode_batch(encode_batch(batch)).client.to_list() == [CLIENT.text()]  # type: ignore[union-attr]


def test_batches_with_and_without_are_joined(bench: Any, kit: Any) -> None:
    with_it, without = (decode([entry]).batch for entry in entries(bench, kit, CLIENT.text(), ""))
    assert without.client is None
    joined = concat([without, with_it]).filter(concat([without, with_it]).column("body") != "text 0 1")
    assert joined.client is not None
    assert joined.client.to_list() == [""] * 3 + [CLIENT.text()] * 2


def test_what_is_asked_for_is_a_part_of_it() -> None:
    assert client_info(part_of(CLIENT.text(), Wanted.headers(["X-Tenant"]))) == ClientInfo(CLIENT.metadata)
    assert client_info(part_of(CLIENT.text(), Wanted.named("client.address"))) == ClientInfo(address="10.0.0.7")
    assert part_of(CLIENT.text(), Wanted.named("auth.subject")) == part_of("", Wanted.named("x")) == ""


def test_nothing_shows_values() -> None:
    shown = repr(ClientInfo({"authorization": ["Bearer t0ken"]}, {"raw": "Bearer t0ken"}))
    assert "t0ken" not in shown
