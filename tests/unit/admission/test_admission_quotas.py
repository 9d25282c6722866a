"""Quotas as a check: what is above them is refused until the next day, or all but what is severe."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.admission.admission import Admission
from collector.admission.quotas import Quotas
from collector.admission.steps import Arrival, checks
from collector.domains.quotas import FOLDER, QuotaBook, QuotaRules, Taken
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Exhausted, Unavailable
from collector.ingress.refusals import answer
from collector.testing.intake import MemoryIntake
from otlp_wire import severities


def request(*said: tuple[int, str]) -> bytes:
    """Records of these severities, numbers and texts, over several groups."""
    message = ExportLogsServiceRequest()
    for number, text in said:
        record = (
            message.resource_logs.add().scope_logs.add().log_records.add(severity_number=number, severity_text=text)
        )
        record.body.string_value = "x" * 50
    return message.SerializeToString()


class Facts:
    host = "a.example"

    def header(self, name):
        return None

    def values(self, name):
        return []

    def peer(self):
        return "192.0.2.1"


class Bench:
    """An admission with quotas, at noon of a day."""

    def __init__(self, folder, intake=None, on_quota="refuse", one_in=10, **per_day) -> None:
        self.now = 20_000 * 86_400 + 43_200.0
        self.told: list = []
        self.book = QuotaBook(folder / FOLDER, 0, 1)
        self.book.connect({}, 20_000)
        self.quotas = Quotas(
            QuotaRules(per_day, on_quota, one_in), self.book, lambda *told: self.told.append(told), lambda: self.now
        )
        self.intake = intake or MemoryIntake()
        resolver = DomainResolver(DomainRules(names=["a.example"]))
        self.admission = Admission(checks(resolver, behind=[self.quotas.check]), self.intake)

    def send(self, *said: tuple[int, str]):
        found: list = []
        self.admission.submit(Arrival("otlp", Facts(), request(*said or [(9, "INFO")])), found.append)
        return found[0]


@pytest.mark.parametrize("unit", ["records", "bytes"])
def test_refused_until_the_next_day(tmp_path, unit):
    """The request that crosses it passes whole; the hint is a minute at least, so that SDKs do not ask all day."""
    bench = Bench(tmp_path, **{unit: 2 if unit == "records" else 100})
    assert [bench.send(), bench.send()] == [None, None]
    refusal = bench.send()
    assert isinstance(refusal, Exhausted)
    assert f"{unit} that it may send a day" in refusal.reason
    assert all((answer(refusal).retry_after_secs or 0) >= 60 for _ in range(100))
    assert list(bench.quotas.refused()) == [("a.example", f"{unit}_per_day", 1)]
    bench.now += 43_200
    assert bench.send() is None


def test_what_the_journal_refuses_is_not_charged(tmp_path):
    """It comes again, and is counted then."""
    bench = Bench(tmp_path, MemoryIntake(Unavailable("full")), records=10)
    bench.send()
    assert bench.book.taken("a.example", 20_000) == Taken()


SEVERE = {
    "a warning": ([(9, "INFO"), (13, "")], True), "an error among others": ([(9, "")] * 200 + [(17, "")] + [(5, "")] * 200, True),
    "by its word": ([(0, "fatal")], True), "information": ([(9, "INFO"), (1, "TRACE")], False), "nothing said": ([(0, "")], False),
    "a word that is none": ([(0, "loud")], False),
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERE)
def test_keep_severe(tmp_path, name):
    """Above the quota only requests that hold a warning or worse are taken, and counted."""
    said, kept = SEVERE[name]
    bench = Bench(tmp_path, on_quota="keep_severe", records=1)
    bench.send()
    assert (bench.send(*said) is None) == kept
    assert bench.book.taken("a.example", 20_000).records == 1 + kept * len(said)


def test_sample(tmp_path):
    """About one request of four is taken, the same again when it is sent again; of the others the sender is told."""
    bench = Bench(tmp_path, on_quota="sample", records=1, one_in=4)
    bench.send()
    said = [bench.send((9, f"word {number}"), (9, "")) for number in range(400)]
    kept = [each is None for each in said]
    assert 60 < sum(kept) < 140
    assert {each.rejected for each in said if each is not None} == {2}
    assert "one request of 4 is taken" in next(each for each in said if each is not None).message
    assert [bench.send((9, f"word {number}"), (9, "")) is None for number in range(400)] == kept
    assert bench.admission.statistics().refused_records["PartialSuccess"] == 2 * 2 * (400 - sum(kept))
    assert bench.intake.records == 1 + 2 * 2 * sum(kept)


def test_severities_are_read_whatever_the_framing():
    """All numbers and texts of a request, each once."""
    assert severities(request((9, "INFO"), (9, "INFO"), (17, "error"))) == ({9, 17}, {"INFO", "error"})
    assert severities(b"") == (frozenset(), frozenset())


def test_shares_are_told_once_a_day(tmp_path):
    """At 80 % and at 100 %."""
    bench = Bench(tmp_path, records=10)
    for _ in range(15):
        bench.send()
    assert bench.told == [("a.example", "records", 0.8), ("a.example", "records", 1.0)]
    bench.now += 86_400
    bench.send(*[(9, "")] * 10)
    assert bench.told[2:] == [("a.example", "records", 1.0)]
    assert next(iter(bench.quotas.used())) == ("a.example", "records", 10)


def test_what_components_of_another_logboom_made_counts_in_no_quota(tmp_path):
    """Events are few, and tell of what was counted already."""
    bench = Bench(tmp_path, records=1)
    event = Arrival("otlp", Facts(), request((9, "INFO")), made=1)
    for _ in range(3):
        found: list = []
        bench.admission.submit(event, found.append)
        assert found == [None]
    assert bench.send() is None
    assert isinstance(bench.send(), Exhausted)
