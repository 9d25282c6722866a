"""Admission: every request ends once, is counted once, and holds memory only while it is under way."""

from __future__ import annotations

import threading

import pytest

from collector.admission.admission import Admission, Notice
from collector.admission.steps import Arrival, checks
from collector.domains.credential import Credential
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Exhausted, Refusal, Unavailable
from collector.testing.intake import MemoryIntake
from collector.testing.payloads import payload
from counterparts.wire_bytes import message, request_of
from otlp_wire import receive_json

GOOD = payload(3)


class Request:
    host = "logger.tamyla.com"

    def __init__(self, peer="127.0.0.1", **headers):
        self._peer = peer
        self._headers = headers

    def header(self, name):
        return self._headers.get(name.replace("-", "_"))

    def peer(self):
        return self._peer


def made(intake=None, **options):
    rules = options.pop("rules", DomainRules(names=["tamyla.com"]))
    return Admission(checks(DomainResolver(rules)), intake or MemoryIntake(), **options)


def submit(admission, body=GOOD) -> list[Refusal | None]:
    answers: list[Refusal | None] = []
    admission.submit(Arrival("otlp", Request(), body), answers.append)
    return answers


def test_payload():
    """The intake gets domain, receiver, the very bytes, their count, digest and time."""
    intake = MemoryIntake()
    assert submit(made(intake)) == [None]
    (came,) = intake.payloads
    assert (came.domain, came.receiver, came.records) == ("tamyla.com", "otlp", 3)
    assert came.body is GOOD
    assert len(came.digest) == 16
    assert came.received_unix_ms > 1_700_000_000_000


SENDERS = {
    "the same, over another connection": (Request(), Request(), True),
    "another host": (Request("10.0.0.1"), Request("10.0.0.2"), False),
    "two clients of one proxy": (
        Request(x_forwarded_for="192.0.2.1"), Request(x_forwarded_for="192.0.2.2"), False,
    ),
    "a client behind a proxy, from another port": (
        Request(x_forwarded_for="192.0.2.1:50000"), Request(x_forwarded_for="198.51.100.7, 192.0.2.1:50001"), True,
    ),
    "a client that claims another address": (
        Request("192.0.2.1", x_forwarded_for="10.0.0.1"), Request("192.0.2.1", x_forwarded_for="10.0.0.2"), True,
    ),
    "IPv6 with a new address of its network": (Request("2001:db8::1:1"), Request("2001:db8::2:2"), True),
    "IPv6 of another network": (Request("2001:db8:0:1::1"), Request("2001:db8:0:2::1"), False),
    "IPv4 in two spellings": (Request("10.0.0.1"), Request("::ffff:10.0.0.1"), True),
    "unix sockets": (Request(""), Request(""), True),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), SENDERS.values(), ids=SENDERS)
def test_a_digest_tells_who_sent(one, other, same):
    """Equal bytes of two senders are two requests; a resend over a new connection is the same one."""
    intake = MemoryIntake()
    admission = made(intake)
    for request in (one, other):
        admission.submit(Arrival("otlp", request, GOOD), lambda _: None)
    first, second = (payload.digest for payload in intake.payloads)
    assert (first == second) is same


def test_a_digest_tells_receivers_and_bytes_apart():
    """What came through another receiver, and texts that mean the same but differ, are other requests."""
    intake = MemoryIntake()
    admission = made(intake)
    admission.submit(Arrival("otlp", Request(), GOOD), lambda _: None)
    admission.submit(Arrival("otlp/edge", Request(), GOOD), lambda _: None)
    for value in ("1", '"1"'):
        record = f'{{"timeUnixNano":"5","body":{{"intValue":{value}}}}}'
        text = f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}'
        admission.submit(Arrival("otlp", Request(), text.encode(), read=receive_json), lambda _: None)
    assert len({payload.digest for payload in intake.payloads}) == 4
    assert intake.payloads[2].body == intake.payloads[3].body


@pytest.mark.parametrize("body", [b"", b"\x0a\x00", b"\x0a\x02\x12\x00"], ids=["empty", "resource", "scope"])
def test_no_records(body):
    """A request without records succeeds and leaves no entry."""
    intake = MemoryIntake()
    admission = made(intake)
    assert submit(admission, body) == [None]
    assert intake.payloads == []
    assert admission.statistics().empty_requests == 1


REFUSED = {
    "invalid": (made, b"\xff", "InvalidPayload", 0, ""),
    "too many groups": (made, b"\x0a\x00" * 100_001, "TooLarge", 0, "tamyla.com"),
    "unknown host": (
        lambda **options: made(rules=DomainRules(names=["x.example"], default=None), **options),
        GOOD,
        "PermissionDenied",
        0,
        "",
    ),
    "journal full": (lambda **options: made(MemoryIntake(Unavailable("full")), **options), GOOD, "Unavailable", 3, "t"),
    "domain's limit": (lambda **options: made(MemoryIntake(Exhausted("slow")), **options), GOOD, "Exhausted", 3, "t"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_are_answered_and_counted_once(name):
    """One answer, one count, with the records and the domain where they were known; no memory stays held."""
    make, body, kind, records, domain = REFUSED[name]
    counted = []
    admission = make(on_refused=lambda *facts: counted.append(facts))
    (answer,) = submit(admission, body)
    assert type(answer).__name__ == kind
    assert [(entry[0], entry[2], entry[3]) for entry in counted] == [("otlp", kind, records)]
    assert counted[0][1].startswith(domain)
    statistics = admission.statistics()
    assert (statistics.refused_requests, statistics.refused_records) == ({kind: 1}, {kind: records})
    assert (statistics.in_flight_bytes, statistics.in_flight_requests, statistics.accepted_requests) == (0, 0, 0)


class Quota:
    """A limit as one more step: so many records in all."""

    def __init__(self, records):
        self.left = records

    def __call__(self, arrival):
        self.left -= arrival.records
        if self.left < 0:
            raise Exhausted(f"{arrival.domain} has had its records")


LIMITS = {
    "behind validity, for it counts records": (2, [None, "Exhausted"], {"Exhausted": 3}),
    "in front of it records are not known": (1, [None, None], {}),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_one_more_step(name):
    """It stands where it is put, knows what the steps before it found out, and its refusal is counted like any other."""
    place, answers, refused = LIMITS[name]
    intake = MemoryIntake()
    steps = list(checks(DomainResolver(DomainRules(names=["tamyla.com"]))))
    admission = Admission([*steps[:place], Quota(5), *steps[place:]], intake)
    got = [answer and type(answer).__name__ for _ in range(2) for answer in submit(admission)]
    assert got == answers
    assert intake.records == 3 * answers.count(None)
    statistics = admission.statistics()
    assert (statistics.refused_records, statistics.in_flight_bytes) == (refused, 0)


def test_a_credential_decides_the_domain():
    """What authentication found out goes with the request to the step that asks for it."""
    intake = MemoryIntake()
    admission = made(intake, rules=DomainRules(names=["tamyla.com", "other.example"]))
    answers: list[Refusal | None] = []
    for credential in (Credential("other.example"), Credential("other.example", multi_domain=True)):
        admission.submit(Arrival("otlp", Request(), GOOD, credential), answers.append)
    assert [type(answer).__name__ for answer in answers] == ["PermissionDenied", "NoneType"]
    assert [payload.domain for payload in intake.payloads] == ["tamyla.com"]


def test_what_was_put_right_is_counted_and_told():
    """A record that was not taken is refused, its neighbours are accepted; values count by reason."""
    intake, refused, repaired = MemoryIntake(), [], []
    admission = made(
        intake, on_refused=lambda *facts: refused.append(facts), on_repaired=lambda *facts: repaired.append(facts)
    )
    latin1 = message(5, message(1, b"caf\xe9"))
    (notice,) = submit(admission, request_of(b"", latin1, b"\x0a\x7f", latin1))
    assert isinstance(notice, Notice)
    assert (notice.rejected, "2 more like it" in notice.message) == (1, True)
    assert intake.records == 3
    assert refused == [("otlp", "tamyla.com", "PartialSuccess", 1)]
    assert repaired == [("otlp", "tamyla.com", {"text": 2, "framing": 1})]
    statistics = admission.statistics()
    assert (statistics.accepted_records, statistics.refused_records) == (3, {"PartialSuccess": 1})
    assert (statistics.refused_requests, statistics.repairs) == ({}, {"text": 2, "framing": 1})


def test_what_was_not_kept_was_not_put_right():
    """When the journal refuses, the sender comes again with all of it: nothing counts but the refusal."""
    repaired = []
    admission = made(MemoryIntake(Unavailable("full")), on_repaired=lambda *facts: repaired.append(facts))
    (answer,) = submit(admission, request_of(b"", b"\x0a\x7f"))
    assert isinstance(answer, Unavailable)
    assert (repaired, admission.statistics().refused_records) == ([], {"Unavailable": 1})


def test_statistics_while_under_way():
    """Bytes and requests are in flight until the journal answers, then accepted."""
    intake = MemoryIntake(delayed=True)
    admission = made(intake)
    answers = submit(admission)
    before = admission.statistics()
    assert (answers, before.in_flight_requests, before.in_flight_bytes) == ([], 1, len(GOOD))
    intake.release()
    after = admission.statistics()
    assert (answers, after.in_flight_requests, after.in_flight_bytes) == ([None], 0, 0)
    assert (after.accepted_requests, after.accepted_records, after.accepted_bytes) == (1, 3, len(GOOD))


def test_bytes_in_flight_are_bounded():
    """Over the bound: Unavailable with a hint. A lone request always fits."""
    intake = MemoryIntake(delayed=True)
    admission = made(intake, max_in_flight_bytes=10)
    assert submit(admission) == []
    (answer,) = submit(admission)
    assert isinstance(answer, Unavailable)
    assert answer.retry_after_secs == 1.0
    intake.release()
    assert submit(admission) == []


def test_stop():
    """After `stop` everything is refused with a hint; what is under way still gets its answer."""
    intake = MemoryIntake(delayed=True)
    admission = made(intake)
    under_way = submit(admission)
    admission.stop()
    (answer,) = submit(admission)
    assert isinstance(answer, Unavailable)
    assert answer.reason == "shutting down"
    intake.release()
    assert under_way == [None]


def test_a_defect_behind_it_leaks_nothing():
    """An exception that nobody foresaw goes up to the server; nothing stays counted as in flight."""
    admission = made(MemoryIntake(RuntimeError("boom")))
    with pytest.raises(RuntimeError, match="boom"):
        submit(admission)
    statistics = admission.statistics()
    assert (statistics.in_flight_bytes, statistics.in_flight_requests) == (0, 0)


def test_counts_add_up_over_threads():
    """Many threads at once: every request is counted, and nothing stays in flight."""
    intake = MemoryIntake()
    admission = made(intake)
    bodies = [GOOD, b"", b"\xff"]
    threads = [
        threading.Thread(target=lambda: [submit(admission, body) for _ in range(100) for body in bodies])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statistics = admission.statistics()
    assert statistics.accepted_requests == statistics.empty_requests == 400
    assert statistics.refused_requests == {"InvalidPayload": 400}
    assert statistics.accepted_records == intake.records == 1200
    assert (statistics.in_flight_bytes, statistics.in_flight_requests) == (0, 0)
