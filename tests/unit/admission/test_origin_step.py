"""The step `origin`: another logboom's word counts where it is trusted and known, in the header alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from collector.admission.steps import Arrival, checks
from collector.domains.credential import Credential
from collector.domains.resolver import DomainResolver, DomainRules
from collector.journal.entry import Entry
from collector.journal.text import Text
from collector.ledger.codec import decode_entries, encode_entries
from collector.origin import generation_in, made_header
from collector.pipeline.decode import decode
from collector.receivers.otlp.config import OtlpReceiverConfig
from collector.reserved import CONNECTION
from collector.testing.payloads import payload
from otlp_wire import Received, Repairs


@dataclass
class Facts:
    """A request with one header."""

    made: str | None

    def header(self, name: str) -> str | None:
        return self.made if name == "logboom-made" else None


def origin(receiver: str, credential: Credential | None, made: str | None) -> Arrival:
    resolver = DomainResolver(DomainRules())
    step = checks(resolver, trusting={"otlp"})[1]
    arrival = Arrival(receiver, Facts(made), b"", credential)  # type: ignore[arg-type]
    step(arrival)
    return arrival


KNOWN, PUBLIC = Credential("edge"), Credential("page", public=True)
CASES = {
    "known, trusted": ("otlp", KNOWN, "2", 2),
    "nobody": ("otlp", None, "2", 0),
    "a credential that everybody has": ("otlp", PUBLIC, "2", 0),
    "another receiver": ("otlp/other", KNOWN, "2", 0),
    "no header": ("otlp", KNOWN, None, 0),
    "deeper than there is": ("otlp", KNOWN, "4", 0),
    "zero": ("otlp", KNOWN, "0", 0),
    "no number": ("otlp", KNOWN, "1 ", 0),
}


@pytest.mark.parametrize(("receiver", "credential", "made", "expected"), CASES.values(), ids=CASES)
def test_whose_word_counts(receiver: str, credential: Credential | None, made: str | None, expected: int) -> None:
    arrival = origin(receiver, credential, made)
    assert arrival.made == expected
    assert bool(arrival.variant) == bool(expected)


def test_without_such_a_receiver_the_step_is_not_there() -> None:
    resolver = DomainResolver(DomainRules())
    assert len(checks(resolver)) == len(checks(resolver, trusting={"otlp"})) - 1


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_what_is_said_is_understood(generation: int) -> None:
    assert [generation_in(value) for value in made_header(generation).values()] == [generation]


BEARER = {"auth": {"authenticator": "bearertokenauth"}}


@pytest.mark.parametrize(
    ("protocols", "missing"),
    [({"grpc": {}}, "grpc"), ({"grpc": BEARER, "http": {}}, "http"), ({"http": BEARER, "grpc": None}, "grpc")],
    ids=str,
)
def test_trust_needs_to_know_who_sends(protocols: dict[str, object], missing: str) -> None:
    """On each protocol: else the configuration is refused, with what to write where."""
    with pytest.raises(ValidationError, match=f"under protocols.{missing}"):
        OtlpReceiverConfig.model_validate({"protocols": protocols, "trust_events": True})
    assert not OtlpReceiverConfig.model_validate({"protocols": protocols}).trust_events


def test_with_it_everywhere_it_is_taken() -> None:
    assert OtlpReceiverConfig.model_validate(
        {"protocols": {"grpc": BEARER, "http": BEARER}, "trust_events": True}
    ).trust_events


@pytest.mark.parametrize(("made", "first", "rest"), [(0, 0, 0), (2, 0, 0), (3, 1, 1), (0, 1, 1)])
def test_a_payload_keeps_the_word_where_it_is_kept_aside(made: int, first: int, rest: int) -> None:
    """In spill files and dead letters, whole or in pieces; and its records are marked when they are decoded."""
    entry = Entry("0" * 16, 1, "a", "otlp", payload(3), 1 if first else 3, 7, b"", first=first, rest=rest, made=made)
    assert decode_entries(encode_entries([entry])) == [entry]
    generation = decode([entry]).batch.generation
    assert (generation.to_list() if generation is not None else []) == ([made] * entry.records if made else [])


def test_text_is_told_where_it_came_from() -> None:
    """It is no OTLP: what it says of its resource goes into its head; what nobody sent stays as it is."""
    body = Text(b"a line\n", resource={"a": "b"}).body()
    step = checks(DomainResolver(DomainRules()), located={"syslog"})[-1]
    told = []
    for peer in ("192.0.2.7", ""):
        arrival = Arrival("syslog", Peer(peer), b"", text=True, received=Received(body, 1, 1, Repairs()))  # type: ignore[arg-type]
        step(arrival)
        assert arrival.received is not None
        told.append(Text.of(arrival.received.body))
    assert [text.resource for text in told] == [{"a": "b", CONNECTION: "192.0.2.7"}, {"a": "b"}]
    assert {text.text for text in told} == {b"a line\n"}


@dataclass
class Peer:
    """Somebody at an address."""

    address: str

    def peer(self) -> str:
        return self.address
