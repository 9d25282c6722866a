"""What an ingest process tells of credentials and who uses them: each once a minute, what is usual as the sum of an hour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from collector.admission.doorkeeper import Asked
from collector.admission.steps import Arrival
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.domains.credential import Credential
from collector.errors import PermissionDenied
from collector.service.sender_events import SenderEvents

ASKED = Asked("api_keys", "let_in", "", "otlp", "198.51.100.7", "curl/8", "k1", "tamyla.com")
LET_IN = ("api_keys", "let_in", "")


class Bench:
    """Events as they are told; time passes when it is told to."""

    def __init__(self) -> None:
        self.told: list[ControlRecord] = []
        self.now = 0.0
        reporter = Reporter(SimpleNamespace(tell=self.told.append), "ingest 0", lambda: "logboom")
        self.events = SenderEvents(reporter, lambda _: "198.51.100.7", lambda: self.now)

    def names(self) -> list[tuple[str, str]]:
        return [(each.name.removeprefix("logboom.service."), each.domain) for each in self.told]


def arrival(credential: Credential | None) -> Arrival:
    facts: Any = None
    return Arrival("otlp", facts, b"", credential, domain="a.example")


def test_a_key_that_has_ended_is_told_to_the_operator_and_its_domain() -> None:
    bench = Bench()
    for cause in ("expired", "expired", "revoked", "unknown", "missing"):
        bench.events.refused(ASKED._replace(outcome="Unauthenticated", cause=cause))
    bench.events.refused(ASKED._replace(outcome="Unauthenticated", cause="expired", credential=""))
    assert bench.names() == [("key.expired_used", "logboom"), ("key.expired_used", "tamyla.com")] * 2
    assert bench.told[0].body == "the key k1 of tamyla.com is used by 198.51.100.7, and has expired"
    assert set(bench.told[1].attributes) == {
        "user.id",
        "client.address",
        "user_agent.original",
        "error.type",
        "logboom.count",
    }


def test_a_network_that_is_new_to_a_credential() -> None:
    bench = Bench()
    bench.events.entered(ASKED, 0, "198.51.100.0/24")
    assert bench.names() == [("key.new_network", "logboom"), ("key.new_network", "tamyla.com")]
    assert bench.told[0].attributes["logboom.network"] == "198.51.100.0/24"


def test_who_was_let_in_after_wrong_credentials_is_told_at_once_and_all_others_as_a_sum() -> None:
    bench = Bench()
    bench.events.flush({})
    assert not bench.told
    bench.events.flush({LET_IN: 7, ("api_keys", "Unauthenticated", "unknown"): 3, ("oidc", "let_in", ""): 0})
    bench.events.entered(ASKED, 12, "")
    for bench.now, number in ((3599.0, 900), (3601.0, 1000), (7300.0, 1000), (7400.0, 1001)):
        bench.events.flush({LET_IN: number})
    assert [(each.attributes["logboom.failures"], each.attributes["logboom.count"]) for each in bench.told] == [
        (0, 7), (12, 1), (0, 993), (0, 1),
    ]  # fmt: skip
    assert bench.told[1].attributes["client.address"] == "198.51.100.7"


def test_another_ones_domain() -> None:
    """Who was not asked who it is has none that it could miss."""
    bench = Bench()
    refusal = PermissionDenied("the credential does not reach the domain b.example", cause="domain")
    for _ in range(3):
        bench.events.foreign(arrival(Credential("tamyla.com", id="k1")), refusal)
    bench.events.foreign(arrival(None), refusal)
    assert bench.names() == [("domain.mismatch", "logboom"), ("domain.mismatch", "tamyla.com")]
    assert "b.example" in str(bench.told[0].attributes["logboom.reason"])
    assert "b.example" not in str(bench.told[1].to_json())


def test_a_key_in_a_record_is_told_to_the_domain_of_the_key() -> None:
    bench = Bench()
    credential = Credential("tamyla.com", id="k1", attributes={"key.name": "till 7"})
    for _ in range(3):
        bench.events.exposed(arrival(credential), credential)
    assert bench.names() == [("key.exposed", "logboom"), ("key.exposed", "tamyla.com")]
    assert bench.told[0].severity == "ERROR"
    assert bench.told[0].attributes["logboom.records_of"] == "a.example"
    assert "a.example" not in str(bench.told[1].to_json())
