"""The step `accompanying`: what comes with a request is taken down as far as it is asked for, and no more kinds of it than may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from collector.admission.accompanying import MOST_BYTES, Accompanying, Combinations
from collector.admission.steps import Arrival, checks
from collector.client_info import ClientInfo, Wanted, client_info
from collector.domains.credential import Credential
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Refusal, TooLarge, TooManyCombinations
from collector.ingress.refusals import Code, answer


class Facts:
    """A request with some headers."""

    host = "shop.example"

    def __init__(self, headers: Mapping[str, Sequence[str]]) -> None:
        self._headers = headers

    def header(self, name: str) -> str | None:
        return (self._headers.get(name) or [None])[-1]

    def values(self, name: str) -> Sequence[str]:
        return self._headers.get(name, ())

    def peer(self) -> str:
        return "10.0.0.7"


HEADERS = {"x-tenant": ["acme"], "x-two": ["a", "b"], "authorization": ["Bearer t"], "x-other": ["no"]}
JO = Credential(id="jo", attributes={"username": "jo"})


def told(wanted: Wanted, credential: Credential | None = JO, metadata: bool = True, receiver: str = "otlp") -> str:
    return arrived(Accompanying({"otlp": wanted}, {}), HEADERS, credential, metadata, receiver).client


def arrived(
    step: Accompanying, headers: Any, credential: Any = None, metadata: bool = True, receiver: str = "otlp"
) -> Arrival:
    arrival = Arrival(receiver, Facts(headers), b"", credential, include_metadata=metadata)  # type: ignore[arg-type]
    step(arrival)
    return arrival


CASES: dict[str, tuple[Wanted, ClientInfo]] = {
    "headers": (Wanted.headers(["X-Tenant", "x-two", "x-none"]), ClientInfo({"x-tenant": ["acme"], "x-two": ["a", "b"]})),
    "who sent": (Wanted(auth=frozenset({"username", "subject"})), ClientInfo(auth={"username": "jo"})),
    "what was shown": (Wanted(auth=frozenset({"raw"})), ClientInfo(auth={"raw": "Bearer t"})),
    "from where": (Wanted(address=True), ClientInfo(address="10.0.0.7")),
    "the host": (Wanted.headers(["Host", ":authority"]), ClientInfo({"host": ["shop.example"], ":authority": ["shop.example"]})),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "expected"), CASES.values(), ids=CASES)
def test_what_is_taken_down(wanted: Wanted, expected: ClientInfo) -> None:
    assert client_info(told(wanted)) == expected


def test_what_is_not() -> None:
    """Headers of a listener without `include_metadata`, of another receiver; who sent where nobody asked."""
    assert told(Wanted.headers(["x-tenant"]), metadata=False) == ""
    assert told(Wanted.headers(["x-tenant"]), receiver="other") == ""
    assert told(Wanted(auth=frozenset({"raw"})), credential=None) == ""


def test_the_same_bytes_with_other_headers_are_no_duplicate() -> None:
    step = Accompanying({"otlp": Wanted.headers(["x-tenant"])}, {})
    variants = {arrived(step, {"x-tenant": [tenant]}).variant for tenant in ("a", "b", "a")}
    assert len(variants) == 2


def test_it_is_bounded() -> None:
    step = Accompanying({"otlp": Wanted.headers(["x-tenant"])}, {})
    assert arrived(step, {"x-tenant": ["x" * (MOST_BYTES - 100)]}).client
    with pytest.raises(TooLarge):
        arrived(step, {"x-tenant": ["x" * MOST_BYTES]})


def test_no_more_combinations_than_may_be() -> None:
    """Those that were there go on; what else came does not count; the answer is the Collector's."""
    wanted = Wanted.headers(["x-tenant"])
    step = Accompanying({"otlp": wanted | Wanted.headers(["x-two"])}, {"otlp": [Combinations(wanted, 2)]})
    for number, tenant in enumerate(("a", "b", "a", "b")):
        arrived(step, {"x-tenant": [tenant], "x-two": [str(number)]})
    refusals: list[Refusal] = []
    for headers in ({"x-tenant": ["c"]}, {}, {"x-tenant": ["a", "b"]}):
        with pytest.raises(TooManyCombinations) as refused:
            arrived(step, headers)
        refusals.append(refused.value)
    said = answer(refusals[0])
    assert (said.code, said.http_status, said.retry_after_secs) == (Code.INTERNAL, 500, None)
    assert said.message == "too many batcher metadata-value combinations"


def test_any_number() -> None:
    step = Accompanying({"otlp": Wanted.headers(["x"])}, {"otlp": [Combinations(Wanted.headers(["x"]), 0)]})
    assert len({arrived(step, {"x": [str(number)]}).client for number in range(2000)}) == 2000


def test_where_nothing_asks_the_step_is_not_there() -> None:
    resolver = DomainResolver(DomainRules())
    asking = checks(resolver, accompanying=Accompanying({"otlp": Wanted(address=True)}, {}))
    assert len(asking) == len(checks(resolver)) + 1
