"""Limits as checks of admission: who is refused, what is charged, what is told."""

from __future__ import annotations

import pytest

from collector.admission.admission import Admission
from collector.admission.limits import Limits
from collector.admission.steps import Arrival, checks
from collector.domains.credential import Credential
from collector.domains.limits import LimitRules
from collector.domains.rate_table import FILE, Cost, RateTable, name_of
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Exhausted, InvalidPayload, Refusal, Unavailable
from collector.ingress.refusals import answer
from collector.testing.intake import MemoryIntake
from collector.testing.payloads import payload


class Facts:
    """A request for a host."""

    def __init__(self, host: str) -> None:
        self.host = host

    def header(self, name):
        return None

    def values(self, name):
        return []

    def parameters(self, name):
        return []

    def peer(self):
        return "192.0.2.1"

    def certificate(self):
        return None


class Bench:
    """An admission with limits."""

    def __init__(self, folder, intake=None, **rules) -> None:
        self.told: list = []
        self.now = 1000.0
        self.table = RateTable(folder / FILE)
        self.limits = Limits(
            LimitRules(**rules), self.table, lambda what, episode: self.told.append((what, episode)), lambda: self.now
        )
        resolver = DomainResolver(DomainRules(names=["a.example", "b.example"], default=None))
        self.intake = intake or MemoryIntake()
        self.admission = Admission(checks(resolver, [self.limits.before], [self.limits.after]), self.intake)

    def send(
        self, domain: str = "a.example", records: int = 1, key: str = "", body: bytes = b"", **limit: float
    ) -> Refusal | None:
        found: list = []
        credential = Credential(domain, id=key, limit=limit) if key else None
        self.admission.submit(Arrival("otlp", Facts(domain), body or payload(records), credential), found.append)
        return found[0]


UNITS = {
    "requests": ({"requests": 1.0}, 1), "records": ({"records": 1.0}, 1), "bytes": ({"bytes": 10.0}, 1),
}  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_refuses_and_tells_when_to_come_again(tmp_path, unit):
    """A flooding domain alone: the other does not notice."""
    rates, records = UNITS[unit]
    bench = Bench(tmp_path, rates=rates, burst_secs=0.001)
    assert bench.send(records=records) is None
    refusal = bench.send(records=records)
    assert isinstance(refusal, Exhausted)
    assert unit in refusal.reason
    assert bench.send("b.example") is None
    assert list(bench.limits.refused()) == [("a.example", f"{unit}_per_second", 1)]


def test_the_hint_is_at_most_two_seconds_after_jitter(tmp_path):
    """And at least a tenth; some SDKs drop what they should send later than they have time for."""
    bench = Bench(tmp_path, rates={"records": 1.0}, burst_secs=0.0)
    bench.send(records=500)
    hints = [answer(refusal) for _ in range(200) if (refusal := bench.send())]
    assert len(hints) == 200
    assert all(0.1 <= each.retry_after_secs <= 2.0 and each.retry_after_header in ("1", "2") for each in hints)
    assert {each.http_status for each in hints} == {429}


def test_refused_work_is_not_charged(tmp_path):
    """What records refuse gives back requests and bytes; so does a journal that is full. What is invalid stays charged."""
    bench = Bench(tmp_path, rates={"requests": 1.0, "records": 1.0}, burst_secs=0.0)
    bench.table.take(name_of("domain", "a.example"), [Cost(2, 100 * 10**9, 0)])
    for _ in range(3):
        refusal = bench.send()
        assert refusal is not None
        assert "records" in refusal.reason
    full = Bench(tmp_path, MemoryIntake(Unavailable("full")), rates={"requests": 1.0}, burst_secs=0.0)
    assert [type(full.send("b.example")) for _ in range(3)] == [Unavailable] * 3
    invalid = Bench(tmp_path, rates={"requests": 1.0}, burst_secs=0.0)
    assert isinstance(invalid.send("b.example", body=b"\xff\xff"), InvalidPayload)
    assert isinstance(invalid.send("b.example", body=b"\xff\xff"), Exhausted)


def test_credentials_have_limits_beside_their_domain(tmp_path):
    """Those of all keys, or one's own; an override of the domain stands in place of the common limit."""
    bench = Bench(
        tmp_path,
        rates={"requests": 1e9},
        per_key={"requests": 1.0},
        burst_secs=0.0,
        overrides={"b.example": {"requests": 0.0}},
    )
    assert [bench.send(key="k1") is None for _ in range(2)] == [True, False]
    assert bench.send(key="k2") is None
    assert [bench.send(key="k3", requests_per_second=0) is None for _ in range(3)] == [True, True, True]
    assert [bench.send(key="k4", records_per_second=1.0, requests_per_second=0) is None for _ in range(2)] == [
        True,
        False,
    ]
    assert LimitRules(rates={"requests": 1.0}, overrides={"b.example": {"requests": 0.0}}).of_domain("b.example") == {}


def test_beginning_and_end_are_told_once(tmp_path):
    """However many are refused in between; the end after a minute without."""
    bench = Bench(tmp_path, rates={"requests": 0.001}, burst_secs=0.0)
    for _ in range(50):
        bench.send()
    bench.now += 59
    bench.limits.look()
    bench.send()
    bench.now += 61
    bench.limits.look()
    bench.limits.look()
    assert [(what, episode.domain, episode.unit) for what, episode in bench.told] == [
        ("reached", "a.example", "requests"), ("ended", "a.example", "requests"),
    ]  # fmt: skip
    assert bench.told[1][1].refused == 50


def test_no_limit_costs_no_look_at_the_table(tmp_path):
    """Nothing configured, nothing taken."""
    bench = Bench(tmp_path)
    for _ in range(5):
        assert bench.send(key="k") is None
    assert list(bench.table.ahead(name_of("domain", "a.example"))) == [0.0] * 3
    assert set((tmp_path / FILE).read_bytes()[64:]) == {0}
