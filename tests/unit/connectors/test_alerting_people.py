"""What people say of a group, from wherever they say it: acknowledged or not any more, over, to be quiet about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.alert_commands import ACKNOWLEDGE, GROUP, ISSUES, MATCHERS, RESOLVE, SECONDS, SILENCE, UNACKNOWLEDGE
from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Refused
from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.group import decode
from collector.notices import NOTIFICATION
from collector.testing.work import FakeWork

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
CONFIG: dict[str, Any] = {
    "route": {"receiver": "page", "group_by": ["service"], "group_wait": "0s", "escalation": "oncall"},
    "receivers": {"page": ["pager"]},
    "escalations": {"oncall": {"steps": [{"after": "10m", "notify": ["boss"]}], "ack_timeout": "1h"}},
}


class Domain:
    """An `alerting` of one domain; `now` moves when the test moves it."""

    def __init__(self) -> None:
        self.connector = FACTORY.create(FACTORY.config.model_validate(CONFIG), Context("alerting", Path()))
        self.work = FakeWork()
        self._number = 0

    def fail(self, component: str = "Cart", issue: str = "i1", ago: int = 0) -> None:
        at = self.work.now_unix_nano - ago
        batch = LogBatch.of(
            {"body": ["boom"], "time_unix_nano": [at], "domain": ["a.com"]},
            {"logboom.triage.level": ["critical"], "logboom.component": [component], "logboom.issue.id": [issue]},
            {"service.name": "shop"},
        )
        self.connector.connect(batch, self.work)

    def wait(self, nanos: int) -> None:
        end = self.work.now_unix_nano + nanos
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
        self.work.now_unix_nano = end

    def told(self) -> list[tuple[str, str]]:
        """Exporter and status, of what was told since the last call."""
        found = []
        for each in self.work.emitted:
            if each.kind == NOTIFICATION:
                columns = (
                    each.records.attribute_text(f"logboom.alert.{name}").to_list() for name in ("exporter", "status")
                )
                found += list(zip(*columns, strict=True))
        self.work.emitted.clear()
        return found

    def say(self, name: str, group: str = "", **more: str | float) -> Applied | Refused:
        self._number += 1
        said = {GROUP: group or self.group, **{f"logboom.alert.{key}": value for key, value in more.items()}}
        made = Command(f"id-{self._number}", name, "a.com", "ann", "", said, self.work.now_unix_nano)
        answer: Applied | Refused = self.connector.command(made, self.work)
        return answer

    @property
    def group(self) -> str:
        return next(
            name.removeprefix(b"g/").decode() for name in self.work.states["a.com"].values if name.startswith(b"g/")
        )


@pytest.fixture
def shop() -> Domain:
    domain = Domain()
    domain.fail()
    assert domain.told() == [("pager", "firing")]
    return domain


def test_what_people_resolve_is_over_for_all_who_were_told(shop: Domain) -> None:
    answer = shop.say(RESOLVE)
    assert isinstance(answer, Applied)
    assert answer.snapshot == {GROUP: shop.group, ISSUES: "i1"}
    shop.wait(0)
    assert shop.told() == [("pager", "resolved")]
    shop.wait(2 * 3600 * SECOND)
    assert shop.told() == [], "its escalation is over, too"


def test_it_says_who_resolved_it(shop: Domain) -> None:
    shop.say(RESOLVE)
    shop.wait(0)
    (emitted,) = [each for each in shop.work.emitted if each.kind == NOTIFICATION]
    (alert,) = orjson.loads(emitted.records.attribute_text("logboom.alert.alerts")[0])
    assert alert["annotations"]["ended"] == "resolved by ann"


def test_what_fails_after_that_is_an_alert_again_and_what_waited_is_none(shop: Domain) -> None:
    shop.wait(MINUTE)
    shop.say(RESOLVE)
    shop.wait(SECOND)
    shop.told()
    shop.fail(ago=30 * SECOND)  # was said before, and waited in the journal
    assert shop.told() == []
    shop.fail()
    assert shop.told() == [("pager", "firing")]


def test_a_sender_whose_clock_is_wrong_is_heard_all_the_same(shop: Domain) -> None:
    shop.say(RESOLVE)
    shop.wait(SECOND)
    shop.told()
    shop.fail(ago=3600 * SECOND)
    assert shop.told() == [("pager", "firing")]


def test_a_change_of_ours_that_comes_back_changes_nothing(shop: Domain) -> None:
    """The exporter closed the ticket because all was over; the webhook tells it when it has begun again."""
    closed = shop.work.now_unix_nano
    shop.say(RESOLVE)
    shop.wait(MINUTE)
    shop.fail()
    shop.told()
    assert isinstance(shop.say(RESOLVE, as_of=closed), Applied)
    shop.wait(MINUTE)
    assert shop.told() == []
    assert isinstance(shop.say(RESOLVE), Applied)
    assert isinstance(shop.say(RESOLVE), Applied)
    shop.wait(MINUTE)
    assert shop.told() == [("pager", "resolved")]


def test_a_time_to_come_is_now(shop: Domain) -> None:
    shop.say(RESOLVE, as_of=shop.work.now_unix_nano + 3600 * SECOND)
    shop.wait(SECOND)
    shop.told()
    shop.fail()
    assert shop.told() == [("pager", "firing")]


def test_an_acknowledgement_that_is_taken_back_lets_the_escalation_go_on(shop: Domain) -> None:
    shop.say(ACKNOWLEDGE)
    assert shop.told() == [("pager", "firing")]  # that somebody has
    shop.wait(11 * MINUTE)
    assert shop.told() == []
    shop.fail()
    shop.say(UNACKNOWLEDGE)
    shop.wait(10 * MINUTE)
    assert ("boss", "firing") in shop.told()
    assert isinstance(shop.say(UNACKNOWLEDGE), Applied), "nothing to take back: as it is to be"


def test_tickets_carry_how_the_group_begins(shop: Domain) -> None:
    answer = shop.say(ACKNOWLEDGE, shop.group[:16])
    assert isinstance(answer, Applied)
    assert answer.snapshot[GROUP] == shop.group


@pytest.mark.parametrize("wrong", ["f" * 16, "f" * 32, "", "a"])
def test_of_a_group_that_is_unknown_it_says_so(shop: Domain, wrong: str) -> None:
    for name in (ACKNOWLEDGE, RESOLVE, UNACKNOWLEDGE, SILENCE):
        answer = shop.connector.command(
            Command("id", name, "a.com", "ann", "", {GROUP: wrong, SECONDS: 60.0}, shop.work.now_unix_nano), shop.work
        )
        assert isinstance(answer, Refused)
        assert "no alert of the group" in answer.reason


def test_fifteen_digits_are_too_few(shop: Domain) -> None:
    assert isinstance(shop.say(ACKNOWLEDGE, shop.group[:15]), Refused)


def test_a_silence_of_a_group_is_of_what_its_alerts_share(shop: Domain) -> None:
    shop.fail("Till", "i2")
    answer = shop.say(SILENCE, seconds=3600.0)
    assert isinstance(answer, Applied)
    (silence,) = [each for each in shop.work.emitted if each.kind == "logboom.alert.silence"]
    assert silence.records.attribute_text(MATCHERS)[0] == '{level="critical", service="shop"}'


def test_all_issues_of_a_group_are_named(shop: Domain) -> None:
    shop.fail("Till", "i2")
    answer = shop.say(RESOLVE)
    assert isinstance(answer, Applied)
    assert answer.snapshot[ISSUES] == "i1,i2"


def test_a_group_of_former_times_is_read(shop: Domain) -> None:
    """Without the fields that came later."""
    import msgpack

    kept = shop.work.states["a.com"].values[f"g/{shop.group}".encode()]
    fields = msgpack.unpackb(kept[1:])
    fields[3] = {key: alert[:8] for key, alert in fields[3].items()}
    fields[8] = fields[8][:5]
    former = decode(kept[:1] + msgpack.packb(fields))
    assert former == decode(kept)
