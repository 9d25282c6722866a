"""The entrance of one listener: its share of what is under way, and its end."""

from __future__ import annotations

from collector.admission.admission import Admission
from collector.admission.entrance import Entrance
from collector.admission.steps import checks
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Refusal
from collector.testing.intake import MemoryIntake
from collector.testing.payloads import payload

BODY = payload(3)


class Facts:
    """A request that says nothing of itself."""

    host = "x"

    def header(self, name: str) -> str | None:
        return None

    def peer(self) -> str:
        return ""


def submitted(entrance: Entrance, times: int) -> list[str]:
    """The answers given so far, in order: empty for success."""
    answers: list[str] = []

    def done(refusal: Refusal | None) -> None:
        answers.append("" if refusal is None else refusal.reason)

    for _ in range(times):
        entrance.submit(Facts(), BODY, done)
    return answers


def test_a_listener_leaves_room_for_the_others():
    """One that is full refuses while the other goes on; what is answered makes room again."""
    intake = MemoryIntake(delayed=True)
    admission = Admission(checks(DomainResolver(DomainRules())), intake, max_in_flight_bytes=len(BODY) * 8)
    full, other = (Entrance(admission, "otlp", len(BODY) * 2) for _ in range(2))
    first = submitted(full, 5)
    assert first == ["too many requests are under way"] * 3
    second = submitted(other, 2)
    assert second == []
    intake.release()
    assert (first[3:], second) == (["", ""], ["", ""])
    intake.delayed = False
    assert submitted(full, 2) == ["", ""]
    assert admission.statistics().in_flight_bytes == 0


def test_a_lone_request_fits():
    """Whatever the share: a request that is larger than it is not refused for ever."""
    admission = Admission(checks(DomainResolver(DomainRules())), MemoryIntake())
    assert submitted(Entrance(admission, "otlp", 1), 2) == ["", ""]


def test_a_closed_door():
    """It refuses with a hint, and is empty when what is under way is answered."""
    intake = MemoryIntake(delayed=True)
    entrance = Entrance(Admission(checks(DomainResolver(DomainRules())), intake), "otlp", 1 << 20)
    before = submitted(entrance, 1)
    entrance.close()
    assert submitted(entrance, 1) == ["shutting down"]
    assert not entrance.wait_until_empty(0.0)
    intake.release()
    assert before == [""]
    assert entrance.wait_until_empty(30.0)
