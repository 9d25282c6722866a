"""The first step: who is it, may it, and how strangers who guess are turned away."""

from __future__ import annotations

import ipaddress

import pytest

from collector.admission.doorkeeper import Asked, Doorkeeper
from collector.admission.throttle import CLOSED_SECS, MOST_FAILURES, WINDOW_SECS, Throttle
from collector.domains.credential import READ, Credential
from collector.domains.senders import Senders
from collector.errors import PermissionDenied, Refusal, Unauthenticated
from counterparts.asking import Asking


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, secs: float) -> None:
        self.now += secs


class Door:
    """Lets in who shows `good`; counts how often it verified."""

    def __init__(self, credential: Credential | None = None) -> None:
        self.credential = credential or Credential("tamyla.com", id="k1")
        self.verified = 0

    def start(self): ...
    def reload(self): ...
    def shutdown(self): ...

    def authenticate(self, request):
        self.verified += 1
        shown = request.header("authorization")
        if shown == "good":
            return self.credential
        raise Unauthenticated("no", cause="unknown" if shown else "missing")


class Remembering(Door):
    """Knows `good` again."""

    def recall(self, request):
        return self.credential if request.header("authorization") == "good" else None


GOOD, WRONG = Asking({"authorization": "good"}), Asking({"authorization": "wrong"})


def answer(doorkeeper: Doorkeeper, door: Door, request: Asking = GOOD) -> str:
    try:
        doorkeeper.let_in(door, "door", "otlp", request)
    except Refusal as refusal:
        return f"{type(refusal).__name__} {getattr(refusal, 'cause', '')}"
    return "in"


NET = (ipaddress.ip_network("203.0.113.0/24"), ipaddress.ip_network("2001:db8::/32"))
PERMISSIONS = {
    "its network": (Credential(networks=NET), Asking(GOOD.headers), "in"),
    "its network, IPv6": (Credential(networks=NET), Asking(GOOD.headers, address="2001:db8::7"), "in"),
    "an IPv4 address in IPv6": (Credential(networks=NET), Asking(GOOD.headers, address="::ffff:203.0.113.4"), "in"),
    "another network": (Credential(networks=NET), Asking(GOOD.headers, address="198.51.100.1"), "PermissionDenied network"),
    "a unix socket is no network": (Credential(networks=NET), Asking(GOOD.headers, address=""), "PermissionDenied network"),
    "behind a trusted proxy": (
        Credential(networks=NET), Asking({**GOOD.headers, "x-forwarded-for": "1.2.3.4, 203.0.113.5:99"}, address="10.0.0.1"),
        "in",
    ),
    "a stranger's word for it": (
        Credential(networks=NET), Asking({**GOOD.headers, "x-forwarded-for": "203.0.113.5"}, address="198.51.100.1"),
        "PermissionDenied network",
    ),
    "its page": (Credential(origins=("https://a",)), Asking({**GOOD.headers, "origin": "https://a"}), "in"),
    "another page": (
        Credential(origins=("https://a",)), Asking({**GOOD.headers, "origin": "https://b"}), "PermissionDenied origin",
    ),
    "no page": (Credential(origins=("https://a",)), GOOD, "PermissionDenied origin"),
    "for reading": (Credential(scopes=frozenset({READ})), GOOD, "PermissionDenied scope"),
}  # fmt: skip


@pytest.mark.parametrize(("credential", "request_", "expected"), PERMISSIONS.values(), ids=PERMISSIONS)
def test_permissions(credential, request_, expected):
    """Who is known may not do everything from everywhere."""
    assert answer(Doorkeeper(Senders(["10.0.0.0/8"])), Door(credential), request_) == expected


def test_a_scope_that_lacks_is_named():
    """RFC 6750, 3.1."""
    with pytest.raises(PermissionDenied) as caught:
        Doorkeeper().permit(Credential(scopes=frozenset()), GOOD)
    assert caught.value.challenges == ('Bearer realm="logboom", error="insufficient_scope", scope="logs:write"',)


def test_counts_and_what_is_told():
    """All are counted by authenticator, outcome and cause; refusals are told with what people need, and no secret."""
    told: list[Asked] = []
    doorkeeper = Doorkeeper(on_refused=told.append)
    for request in (GOOD, WRONG, Asking()):
        answer(doorkeeper, Door(), request)
    answer(doorkeeper, Door(Credential("tamyla.com", id="k1", scopes=frozenset())))
    assert doorkeeper.counts() == {
        ("door", "let_in", ""): 1, ("door", "Unauthenticated", "unknown"): 1, ("door", "Unauthenticated", "missing"): 1,
        ("door", "PermissionDenied", "scope"): 1,
    }  # fmt: skip
    assert [(one.cause, one.address, one.credential, one.domain) for one in told] == [
        ("unknown", "203.0.113.9", "", ""), ("missing", "203.0.113.9", "", ""), ("scope", "203.0.113.9", "k1", "tamyla.com"),
    ]  # fmt: skip


def closed(door: Door, clock: Clock) -> Doorkeeper:
    """A doorkeeper at which a network has guessed too often."""
    doorkeeper = Doorkeeper(throttle=Throttle(clock))
    for _ in range(MOST_FAILURES):
        assert answer(doorkeeper, door, WRONG) == "Unauthenticated unknown"
    return doorkeeper


def test_who_guesses_is_not_verified_any_more():
    """Twenty wrong credentials in a minute: then 401 without a look, for a minute, for that network alone."""
    clock, door = Clock(), Door()
    doorkeeper = closed(door, clock)
    verified = door.verified
    assert answer(doorkeeper, door, WRONG) == "Unauthenticated throttled"
    assert answer(doorkeeper, door, GOOD) == "Unauthenticated throttled"
    assert door.verified == verified
    assert answer(doorkeeper, door, Asking(GOOD.headers, address="203.0.113.10")) == "in"
    clock.advance(CLOSED_SECS)
    assert answer(doorkeeper, door, GOOD) == "in"
    assert answer(doorkeeper, door, WRONG) == "Unauthenticated unknown"


def test_who_is_known_is_never_locked_out():
    """An authenticator that remembers whom it let in is asked for that; a good sender beside a bad one loses nothing."""
    clock, door = Clock(), Remembering()
    doorkeeper = closed(door, clock)
    assert answer(doorkeeper, door, GOOD) == "in"
    assert answer(doorkeeper, door, WRONG) == "Unauthenticated throttled"


def test_slow_guesses_and_requests_without_a_credential_close_nothing():
    """Probes and misconfigured senders that show nothing are no attempts."""
    clock, door = Clock(), Door()
    doorkeeper = Doorkeeper(throttle=Throttle(clock))
    for _ in range(10):
        for _ in range(MOST_FAILURES - 1):
            answer(doorkeeper, door, WRONG)
        clock.advance(WINDOW_SECS)
    for _ in range(100):
        answer(doorkeeper, door, Asking())
    assert answer(doorkeeper, door, GOOD) == "in"


def test_networks_of_ipv6_and_memory():
    """Addresses of one /64 are one network; a flood of networks is bounded."""
    clock, door = Clock(), Door()
    doorkeeper = Doorkeeper(throttle=(throttle := Throttle(clock)))
    for number in range(MOST_FAILURES):
        answer(doorkeeper, door, Asking(WRONG.headers, address=f"2001:db8::{number:x}"))
    assert answer(doorkeeper, door, Asking(GOOD.headers, address="2001:db8::ffff")) == "Unauthenticated throttled"
    for number in range(11_000):
        throttle.failed(str(number))
    assert len(throttle._failures) <= 10_000


def test_who_comes_from_where_wrong_credentials_came_is_told() -> None:
    """As long as they count; nobody asks where a sender is when there were none."""
    clock, entered = Clock(), []
    doorkeeper = Doorkeeper(throttle=Throttle(clock), on_entered=lambda *told: entered.append(told))
    door = Remembering()
    assert answer(doorkeeper, door) == "in"
    assert not entered
    for _ in range(3):
        answer(doorkeeper, door, WRONG)
    assert answer(doorkeeper, door) == "in"
    assert [(asked.credential, failures, network) for asked, failures, network in entered] == [("k1", 3, "")]
    for _ in range(MOST_FAILURES):
        answer(doorkeeper, door, WRONG)
    answer(doorkeeper, door)
    assert entered[-1][1] == MOST_FAILURES
    clock.advance(CLOSED_SECS + WINDOW_SECS)
    answer(doorkeeper, door)
    assert len(entered) == 2


def test_a_network_that_is_new_to_a_credential_is_told_but_of_no_public_one() -> None:
    entered: list = []
    networks = {("k1", "203.0.113.9"): "203.0.113.0/24"}
    for credential in (
        Credential("tamyla.com", id="k1"),
        Credential("tamyla.com", id="k1", public=True),
        Credential("tamyla.com"),
    ):
        doorkeeper = Doorkeeper(
            on_entered=lambda *told: entered.append(told), networks=lambda *used: networks.get(used, "")
        )
        doorkeeper.let_in(Door(credential), "door", "otlp", Asking(GOOD.headers, address="203.0.113.9"))
    assert [network for _, _, network in entered] == ["203.0.113.0/24"]
