"""What is done about alerts, under which guards; in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgpack
import polars as pl
import pytest
from pydantic import ValidationError

from collector.batch import LogBatch
from collector.component import Applied, Command, Context, Refused
from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.connector import Alerting
from collector.connectors.alerting.responses.book import mark
from collector.connectors.alerting.words import SILENCE
from collector.notices import NOTIFICATION, Notice, notices_of
from collector.responses import words
from collector.responses.response import STARTED, State, responses_of
from collector.testing.work import FakeWork

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
START = 1_700_000_000 * SECOND
DOMAIN = "a.com"
RESTART = {"exporter": "systemd", "target": "api.service", "approval": "automatic", "dry_run": False}
TOLD_BY_BOTH = ("i1", "i2")


class Life:
    """An `alerting` with responses, its clock, and an exporter that is played by the test."""

    def __init__(self, response: dict[str, Any] | None = None, **options: Any) -> None:
        self.options: dict[str, Any] = {
            "route": {
                "receiver": "ops", "group_by": ["service"],
                "routes": [{"matchers": ['level="critical"'], "receiver": "page", "responses": ["restart"]}],
            },
            "receivers": {"ops": ["email"], "page": ["pager"]},
            "responses": {"restart": {**RESTART, **(response or {})}},
            **options,
        }  # fmt: skip
        self.work = FakeWork(now_unix_nano=START)
        self.number = 0
        self.messages: list[Notice] = []
        self.again()

    def again(self, **response: Any) -> None:
        """A restart, or another configuration: what is kept stays."""
        self.options["responses"]["restart"] |= response
        made: Alerting = FACTORY.create(FACTORY.config.model_validate(self.options), Context("alerting", Path()))
        self.connector = made

    def tell(
        self, instances: Sequence[str] = TOLD_BY_BOTH, service: str = "shop", level: str = "critical", age: int = 0, received_ago: int | None = None,
        environment: str = "production",
    ) -> None:  # fmt: skip
        """A record of each instance. `age`, `received_ago`: ns."""
        for instance in instances:
            said = {"logboom.triage.level": [level]} | (
                {"deployment.environment.name": [environment]} if environment else {}
            )
            resource = {"service.name": service} | ({"service.instance.id": instance} if instance else {})
            now = self.work.now_unix_nano
            batch = LogBatch.of(
                {"body": ["boom"], "time_unix_nano": [now - age], "domain": [DOMAIN]}, said, resource
            )  # fmt: skip
            if received_ago is not None:
                ms = pl.Series("received_unix_ms", [(now - received_ago) // 1_000_000], dtype=pl.UInt64)
                batch = _replaced(batch, payloads=batch.payloads.with_columns(ms))
            self.connector.connect(batch, self.work)

    def deploy(self, version: str, id_: str, service: str = "shop", environment: str = "production") -> None:
        """A marker comes."""
        said = {
            "logboom.deployment.id": id_,
            "service.name": service,
            "service.version": version,
            "deployment.environment.name": environment,
        }
        batch = LogBatch.of(
            {"body": ["deployed"], "event_name": ["logboom.deployment"], "time_unix_nano": [self.work.now_unix_nano], "domain": [DOMAIN]},
            {key: [value] for key, value in said.items()},
        )  # fmt: skip
        self.connector.connect(_made(batch), self.work)

    def wait(self, nanos: int, each: int = 0, **told: Any) -> None:
        """Time passes; what is due happens at its time. `each`: records go on to come so often."""
        end = self.work.now_unix_nano + nanos
        while each and self.work.now_unix_nano + each <= end:
            self.wait(each)
            self.tell(**told)
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
        self.work.now_unix_nano = end

    def steps(self) -> list[str]:
        """The states that were told since the last call."""
        return [state for state, _ in self.events()]

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """State and attributes of what was told; notifications are kept in `messages`."""
        found = []
        self.messages += [
            one
            for each in self.work.emitted
            if each.kind == NOTIFICATION
            for one in notices_of(_made(each.records, each.kind))
        ]
        for each in self.work.emitted:
            if not each.kind.startswith(words.EVENTS):
                continue
            names = ("id", "target", "reason", "who", "instances", "deployment", "dry_run", "was", "became")
            columns = {name: each.records.attribute_text(f"{words.EVENTS}{name}").to_list() for name in names}
            for row in range(len(each.records)):
                found.append(
                    (each.kind.removeprefix(words.EVENTS), {name: values[row] for name, values in columns.items()})
                )
                self.id = columns["id"][row]
        self.work.emitted.clear()
        return found

    def say(self, name: str, domain: str = DOMAIN, who: str = "ann", **attributes: Any) -> Applied | Refused:
        """A command."""
        self.number += 1
        said = {words.EVENTS + key: value for key, value in attributes.items()}
        now = self.work.now_unix_nano
        return self.connector.command(Command(f"id-{self.number}", name, domain, who, "because", said, now), self.work)

    def claim(self, attempt: str = "one", repeatable: bool = True) -> bool:
        return isinstance(self.say(words.CLAIM, id=self.id, attempt=attempt, repeatable=repeatable), Applied)

    def report(self, state: str = "done", attempt: str = "one", **said: str) -> bool:
        return isinstance(self.say(words.REPORT, id=self.id, attempt=attempt, state=state, **said), Applied)

    def act(self, state: str = "done") -> None:
        """The exporter does it at once, and says so."""
        assert self.claim()
        assert self.report(state)


def _replaced(batch: LogBatch, **fields: Any) -> LogBatch:
    return LogBatch(**{**{name: getattr(batch, name) for name in LogBatch.__slots__}, **fields})


def _made(batch: LogBatch, kind: str = "") -> LogBatch:
    columns = [pl.Series("generation", [1] * len(batch), dtype=pl.UInt8)]
    columns += [pl.Series("event_name", [kind] * len(batch))] if kind else []
    return _replaced(batch, records=batch.records.with_columns(*columns))


BEGUN = ["proposed", "approved", "started"]


def test_it_is_done_judged_and_told_step_by_step():
    life = Life()
    life.tell()
    assert life.steps() == BEGUN
    life.wait(SECOND)
    assert life.claim()
    assert life.report(was="MainPID 1", became="MainPID 2", reason="restarted")
    ((state, said),) = life.events()
    assert (state, said["was"], said["became"], said["reason"]) == ("done", "MainPID 1", "MainPID 2", "restarted")
    life.wait(5 * MINUTE)
    assert life.steps() == ["helped"]


def test_by_default_nothing_is_done_but_a_trial_that_a_person_allowed():
    life = Life({"approval": "required", "dry_run": True})
    life.tell()
    ((state, said),) = life.events()
    assert (state, said["dry_run"]) == ("proposed", "1")
    (first, asked) = life.messages
    assert first.reason == "first notification"
    assert asked.reason == "a response waits for approval"
    said = f"MAY restart: systemd on api.service (dry run)? logboom responses approve {life.id} --domain {DOMAIN}. CRITICAL: "
    assert asked.text.startswith(said)
    assert asked.asks == {life.id: "restart: systemd on api.service (dry run)"}
    assert not life.claim()
    assert isinstance(life.say(words.APPROVE, id=life.id), Applied)
    assert [(state, said["who"]) for state, said in life.events()] == [("approved", "ann"), ("started", "ann")]
    life.act()
    life.wait(HOUR, each=10 * MINUTE)
    assert life.steps()[:1] == ["done"]


TOGETHER = {
    "route": {
        "receiver": "page", "group_by": ["level"], "group_interval": "1m", "responses": ["restart"], "escalation": "oncall",
    },
    "receivers": {"page": ["pager"]}, "escalations": {"oncall": {"steps": [{"after": "10m", "notify": ["boss"]}]}},
}  # fmt: skip
"""Alerts of all services are one group."""
SEVERAL = {f"s{number}": f"{number}.service" for number in range(8)}


def asking(**options: Any) -> Life:
    given = {"approval": "required", "target": "", "by": "service", "targets": SEVERAL, "max_share": 1.0}
    return Life(given, response_limits={"max_per_hour": 20}, **{**TOGETHER, **options})


def test_every_message_of_a_group_asks_for_all_that_waits():
    """Of messages that wait only the newest is sent: what stood in another alone would be asked of nobody."""
    life = asking()
    life.tell(service="s0")
    life.events()
    life.wait(2 * MINUTE)
    life.tell(service="s1")
    proposed = [said["id"] for state, said in life.events() if state == "proposed"]
    life.wait(MINUTE)
    life.events()
    last = life.messages[-1]
    assert len(last.asks) == 2
    assert proposed[-1] in last.asks
    assert list(last.asks.values()) == ["restart: systemd on 0.service", "restart: systemd on 1.service"]
    assert all(
        f"MAY {what}? logboom responses approve {id_} --domain {DOMAIN}. " in last.text
        for id_, what in last.asks.items()
    )
    life.again()  # what is kept stays
    life.wait(10 * MINUTE, each=4 * MINUTE, service="s0")
    life.events()
    (to_boss,) = [one for one in life.messages if one.exporter == "boss"]
    assert to_boss.asks == last.asks, "who is told later is asked, too"


def test_what_was_answered_or_is_over_is_asked_no_more():
    life = asking()
    for service in ("s0", "s1"):
        life.tell(service=service)
    life.wait(MINUTE)
    life.events()
    first, second = life.messages[-1].asks
    assert isinstance(life.say(words.DENY, id=first), Applied)
    life.tell(service="s2")
    life.wait(MINUTE)
    life.events()
    last = life.messages[-1]
    assert (first in last.asks, second in last.asks, len(last.asks)) == (False, True, 2)
    life.wait(HOUR)
    life.events()
    over = life.messages[-1]
    assert (over.status, over.asks, "MAY" in over.text) == ("resolved", {}, False)


def test_who_is_asked_of_much_at_once_gets_one_message():
    life = asking(route={**TOGETHER["route"], "group_wait": "30s"})
    for service in SEVERAL:
        life.tell(service=service)
    life.wait(MINUTE)
    life.events()
    (last,) = [one for one in life.messages if one.reason == "a response waits for approval"]
    assert len(last.asks) == len(SEVERAL)
    assert last.text.count("MAY ") == 5
    assert f"3 more wait: logboom responses list --domain {DOMAIN}" in last.text


def test_the_defaults_of_the_configuration_are_the_careful_ones():
    (found,) = FACTORY.config.model_validate(
        {
            "route": {"receiver": "a", "responses": ["r"]},
            "receivers": {"a": ["b"]},
            "responses": {"r": {"exporter": "x", "target": "t"}},
        }
    ).responses.values()
    said = (found.dry_run, found.approval, found.cooldown, found.max_per_hour, found.verify_after, found.min_instances)
    assert said == (True, "required", 900, 3, 300, 2)


def test_a_person_says_no():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    assert isinstance(life.say(words.DENY, id=life.id), Applied)
    assert life.steps() == ["denied"]
    assert isinstance(life.say(words.APPROVE, id=life.id), Refused)
    life.wait(14 * MINUTE, each=4 * MINUTE)
    assert life.steps() == ["held"]  # cooldown: told once
    life.wait(2 * MINUTE, each=MINUTE)
    assert life.steps() == ["proposed"]


def test_a_proposal_that_nobody_answers_is_over():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.wait(31 * MINUTE, each=4 * MINUTE)
    assert life.steps()[0] == "expired"
    assert isinstance(life.say(words.APPROVE, id=life.id), Refused)


def test_what_is_over_is_not_proposed_any_more():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.wait(21 * MINUTE)
    assert life.steps() == ["expired"]


def test_an_answer_after_the_end_starts_nothing():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.wait(16 * MINUTE)
    life.work.emitted.clear()
    answer = life.say(words.APPROVE, id=life.id)
    assert isinstance(answer, Refused)


QUORUM = {
    "nobody says who it is": (["", "", ""], 2, False),
    "one of them, three times": (["i1", "i1", "i1"], 2, False),
    "two": (["i1", "i2"], 2, True),
    "two of three": (["i1", "i2"], 3, False),
    "one is enough, and nobody says who it is": ([""], 1, True),
}


@pytest.mark.parametrize(("told", "needed", "acts"), QUORUM.values(), ids=QUORUM)
def test_a_quorum_of_instances(told: list[str], needed: int, acts: bool):
    life = Life({"min_instances": needed})
    life.tell(told)
    assert life.steps() == (BEGUN if acts else [])


BOTH: dict[str, Any] = {
    "target": "", "by": "service", "targets": {"shop": "shop.service", "cart": "cart.service"}, "max_share": 1.0,
}  # fmt: skip
ONE_GROUP: dict[str, Any] = {
    "receiver": "ops", "group_by": [], "routes": [{"matchers": ['level="critical"'], "receiver": "page", "responses": ["restart"]}],
}  # fmt: skip


def test_each_target_of_a_group_has_a_quorum_of_its_own():
    """One forged line about `cart`, in the group in which `shop` is told by many, is no quorum."""
    life = Life(BOTH, route=ONE_GROUP)
    life.tell(["i1", "i2", "i3"])
    life.tell(["i9"], service="cart")
    assert {said["target"] for _, said in life.events()} == {"shop.service"}
    life.tell(["i8"], service="cart")
    assert {said["target"] for _, said in life.events()} == {"cart.service"}


def test_who_does_not_say_who_it_is_makes_no_quorum_with_another():
    life = Life()
    life.tell(["", "i1"])
    assert life.steps() == []
    life.tell(["i2"])
    assert life.steps() == BEGUN


def test_an_alert_about_another_target_of_the_group_keeps_none_going():
    """Only `cart` goes on: nothing is begun on `shop`."""
    life = Life({**BOTH, "approval": "required"}, route=ONE_GROUP)
    life.tell()
    life.steps()
    life.wait(16 * MINUTE, each=4 * MINUTE, service="cart", instances=["i1"])
    life.work.emitted.clear()
    answer = life.say(words.APPROVE, id=life.id)
    assert isinstance(answer, Refused)
    assert "the alert is over" in answer.reason


@pytest.mark.parametrize(("goes_on", "judged"), [("cart", "helped"), ("shop", "did_not_help")])
def test_it_is_judged_by_the_alerts_about_its_own_target(goes_on: str, judged: str):
    life = Life(BOTH, route=ONE_GROUP)
    life.tell()
    life.steps()
    life.act()
    life.wait(6 * MINUTE, each=MINUTE, service=goes_on, instances=["i1"])
    assert next(state for state in life.steps() if state != "done") == judged


def test_instances_count_for_five_minutes():
    life = Life()
    life.tell(["i1"])
    life.wait(6 * MINUTE)
    life.tell(["i2"])
    assert life.steps() == []
    life.wait(4 * MINUTE)
    life.tell(["i1"])
    assert life.steps() == BEGUN


OLD = {"its time": {"age": 6 * MINUTE}, "its receipt": {"received_ago": 6 * MINUTE}}


@pytest.mark.parametrize("old", OLD.values(), ids=OLD)
def test_what_is_old_starts_nothing(old: dict[str, int]):
    """Dead letters that are tried again, what waited for an hour, what a sender dates back."""
    life = Life()
    life.tell(**old)
    assert life.steps() == []
    life.tell()
    assert life.steps() == BEGUN


def test_one_at_a_time_for_a_target_and_then_a_rest():
    life = Life()
    life.tell()
    assert life.steps() == BEGUN
    life.act()
    life.steps()
    life.wait(MINUTE, each=10 * SECOND)
    life.tell(service="other")  # another group, the same target
    assert life.steps() == []
    life.wait(4 * MINUTE)
    assert life.steps() == ["helped"]
    life.wait(SECOND)
    life.tell()
    assert life.steps() == ["held"]
    life.wait(15 * MINUTE, each=5 * MINUTE)
    assert life.steps() == BEGUN


def test_no_more_in_an_hour_than_are_allowed():
    life = Life({"cooldown": 0, "verify_after": "10s", "max_per_hour": 3, "breaker_after": 20})
    begun, held = 0, []
    for _ in range(14):
        life.wait(4 * MINUTE)
        life.tell()
        for state, said in life.events():
            begun += state == "started"
            held += [said["reason"]] if state == "held" else []
            if state == "started":
                life.act()
    assert begun == 3
    assert "3 in the last hour on this target" in held
    life.wait(10 * MINUTE, each=4 * MINUTE)
    assert "started" in life.steps()


def test_no_more_in_a_domain_than_are_allowed():
    life = Life(
        {"target": "", "by": "service", "targets": {"shop": "a", "cart": "b", "pay": "c"}, "max_share": 1.0},
        response_limits={"max_per_hour": 2},
    )
    for service in ("shop", "cart", "pay"):
        life.tell(service=service)
    assert life.steps() == [*BEGUN, *BEGUN, "held"]


def test_a_label_chooses_among_targets_and_is_never_one():
    life = Life(
        {"target": "", "by": "service", "targets": {"shop": "shop.service", "cart": "cart.service"}, "max_share": 1.0}
    )
    life.tell(service="cart")
    assert {said["target"] for _, said in life.events()} == {"cart.service"}
    for hostile in ("shop.service", "$(reboot)", "../../etc", "cart; rm -rf /", ""):
        life.tell(service=hostile)
    assert life.steps() == []


def test_no_more_than_a_share_of_the_targets_at_once():
    targets = {f"s{number}": f"t{number}" for number in range(8)}
    life = Life({"target": "", "by": "service", "targets": targets})
    for service in targets:
        life.tell(service=service)
    assert life.steps().count("started") == 2
    few = Life({"target": "", "by": "service", "targets": {"s0": "t0", "s1": "t1"}})
    for service in ("s0", "s1"):
        few.tell(service=service)
    assert few.steps() == [*BEGUN, "held"]


def test_guards_that_take_turns_are_told_once_an_hour_each_and_nothing_of_it_is_kept():
    """Two services, one target: the one was deployed just now, for the other the target cools down."""
    life = Life({"cooldown": "50m"})
    life.work.now_unix_nano += HOUR - life.work.now_unix_nano % HOUR
    life.tell()
    life.steps()
    life.act()
    life.wait(6 * MINUTE)
    life.steps()
    life.deploy("2.0", "d1", "cart")
    kept = len(life.work.states[DOMAIN].values)
    held = []
    for _ in range(20):
        life.wait(10 * SECOND)
        life.tell()
        life.tell(service="cart")
        held += [said["reason"] for state, said in life.events() if state == "held"]
    assert sorted(held) == [
        "cart 2.0 was deployed less than 600 s ago",
        "the last one on this target ended less than 3000 s ago",
    ]
    responses = [name for name in life.work.states[DOMAIN].values if name.startswith(b"a/r/")]
    assert len(responses) == 1
    assert len(life.work.states[DOMAIN].values) < kept + 10  # groups, their instances


def test_what_an_older_version_kept_of_a_target_is_read():
    life = Life()
    state = life.work.state(DOMAIN)
    kept = {
        "live": "",
        "ended": 0,
        "started": [],
        "bad": [],
        "breaker": {},
        "held": "cooldown 472222",
        "taken_back": [],
    }
    state.put(f"a/t/{mark('systemd', 'api.service')}".encode(), msgpack.packb(kept))
    life.tell()
    assert life.steps() == BEGUN


DOMAINS = {
    "its own": (["a.com"], True),
    "by a pattern": (["*.org", "A.*"], True),
    "another": (["b.com", "aXcom"], False),
}


@pytest.mark.parametrize(("domains", "acts"), DOMAINS.values(), ids=DOMAINS)
def test_alerts_of_its_domains_alone_start_a_response(domains: list[str], acts: bool):
    life = Life({"domains": domains})
    life.tell()
    assert life.steps() == (BEGUN if acts else [])


def test_a_domain_that_is_taken_away_begins_nothing_more():
    life = Life()
    life.tell()
    life.steps()
    life.again(domains=["b.com"])
    assert not life.claim()
    assert life.steps() == ["expired"]


def test_what_is_silenced_starts_nothing():
    life = Life()
    said = {"logboom.alert.matchers": 'service="shop"', "logboom.alert.seconds": 3600.0}
    life.connector.command(
        Command("s", SILENCE, DOMAIN, "ann", "maintenance", said, life.work.now_unix_nano), life.work
    )
    life.tell()
    life.wait(10 * MINUTE, each=4 * MINUTE)
    assert life.steps() == []
    life.wait(55 * MINUTE, each=4 * MINUTE)
    assert life.steps()[:3] == BEGUN


def test_a_silence_between_the_start_and_the_act_holds_it():
    life = Life()
    life.tell()
    life.steps()
    said = {"logboom.alert.matchers": 'service="shop"', "logboom.alert.seconds": 3600.0}
    life.connector.command(
        Command("s", SILENCE, DOMAIN, "ann", "maintenance", said, life.work.now_unix_nano), life.work
    )
    assert not life.claim()
    assert life.steps() == ["expired"]


def test_nothing_is_done_in_hours_in_which_nobody_is_told():
    life = Life(time_intervals={"always": [{"years": ["1970:9999"]}]})
    life.options["route"]["routes"][0]["mute_time_intervals"] = ["always"]
    life.again()
    life.tell()
    life.wait(MINUTE, each=10 * SECOND)
    assert life.steps() == []


def test_what_is_inhibited_starts_nothing():
    rules = [{"source_matchers": ['level="warning"'], "target_matchers": ['level="critical"'], "equal": ["service"]}]
    life = Life(inhibit_rules=rules)
    life.tell(level="warning")
    life.tell()
    assert life.steps() == []


def test_quiet_after_a_deployment_of_the_service():
    life = Life()
    life.deploy("2.0", "d1")
    life.tell()
    ((state, said),) = life.events()
    assert (state, said["reason"]) == ("held", "shop 2.0 was deployed less than 600 s ago")
    life.tell(service="cart")
    assert life.steps() == BEGUN  # it is not about that one
    life.work.now_unix_nano += 11 * MINUTE
    life.again(target="b.service")
    life.tell()
    assert life.steps()[-3:] == BEGUN


def test_the_switch():
    life = Life()
    assert isinstance(life.say(words.STOP), Applied)
    life.tell()
    ((state, said),) = life.events()
    assert (state, said["reason"]) == ("held", "responses were stopped by ann: logboom responses resume")
    assert isinstance(life.say(words.RESUME), Applied)
    assert isinstance(life.say(words.RESUME), Refused)
    life.tell()
    assert life.steps() == BEGUN
    life.say(words.STOP)
    assert not life.claim()  # also at the last moment
    assert life.steps() == ["expired"]


def test_the_switch_of_the_configuration():
    life = Life(response_limits={"enabled": False})
    life.tell()
    life.wait(HOUR, each=10 * MINUTE)
    assert life.steps() == []


def test_what_nobody_carries_out_in_time_is_over():
    life = Life()
    life.tell()
    life.steps()
    life.wait(5 * MINUTE + SECOND)
    ((state, said),) = life.events()
    assert (state, said["reason"]) == ("expired", "nobody carried it out in time")
    assert not life.claim()


def test_of_two_processes_one_may_act_where_twice_is_more_than_once():
    life = Life()
    life.tell()
    life.steps()
    assert life.claim("one", repeatable=False)
    assert life.claim("one", repeatable=False)  # asked again: it is the same
    assert not life.claim("two", repeatable=False)
    ((state, said),) = life.events()
    assert (state, said["reason"]) == ("failed", "a process ended while it acted: whether it was done is not known")
    assert not life.report(attempt="two")


def test_where_twice_is_once_a_successor_takes_it_up():
    life = Life()
    life.tell()
    life.steps()
    assert life.claim("one")
    assert life.claim("two")
    assert not life.report(attempt="one")
    assert life.report(attempt="two")
    assert not life.report(attempt="two")  # told once
    assert life.steps() == ["done"]


def test_no_word_is_a_failure_and_a_late_word_counts():
    life = Life()
    life.tell()
    life.steps()
    assert life.claim()
    life.wait(16 * MINUTE)
    assert life.steps() == ["failed"]
    assert life.report()
    life.wait(5 * MINUTE)
    assert life.steps() == ["done", "helped"]


def test_a_breaker_opens_is_an_alert_and_is_closed_by_a_person():
    life = Life({"cooldown": "1m", "breaker_after": 2})
    ends: list[str] = []
    while len(ends) < 2:
        life.wait(MINUTE, each=MINUTE)
        said = life.steps()
        ends += [state for state in said if state in ("helped", "did_not_help")]
        if "started" in said:
            life.act()
    assert ends == ["did_not_help", "did_not_help"]
    told = [one for one in life.messages if one.alerts and one.alerts[0].labels.get("rule") == words.BREAKER]
    assert [(one.exporter, one.level, one.status) for one in told] == [("pager", "critical", "firing")]
    assert "logboom responses reset systemd api.service" in told[0].text
    life.wait(HOUR, each=4 * MINUTE)
    assert "started" not in life.steps()
    assert not any(one.status == "resolved" for one in life.messages)  # it goes on until somebody closes it
    assert isinstance(life.say(words.RESET, exporter="systemd", target="other.service"), Refused)
    assert isinstance(life.say(words.RESET, exporter="systemd", target="api.service"), Applied)
    life.wait(6 * MINUTE, each=MINUTE)
    assert "started" in life.steps()
    assert any(one.status == "resolved" for one in life.messages)


def test_failures_open_it_and_a_success_between_them_does_not():
    life = Life({"cooldown": 0, "breaker_after": 2, "max_per_hour": 10})
    for outcome, state in (("failed", "failed"), ("done", "helped"), ("failed", "failed")):
        life.tell()
        assert life.steps()[-3:] == BEGUN
        life.act(outcome)
        life.wait(6 * MINUTE)
        assert life.steps()[-1] == state
    life.tell()
    assert life.steps()[-3:] == BEGUN
    life.act("failed")
    life.steps()
    assert [one.alerts[0].labels["rule"] for one in life.messages if "rule" in one.alerts[0].labels] == [words.BREAKER]


ROLLBACK = {"exporter": "cloudflare_rollback", "target": "shop-worker", "rollback_within": "30m"}


def test_a_rollback_once_for_a_deployment_soon_after_it():
    life = Life({**ROLLBACK, "cooldown": 0, "verify_after": "10s"})
    life.tell()
    assert life.steps() == []  # nothing to take back
    life.deploy("1.0", "d1")
    life.wait(5 * MINUTE)
    life.deploy("2.0", "d2")
    life.tell()
    events = life.events()
    assert [state for state, _ in events] == BEGUN
    assert {said["deployment"] for _, said in events} == {"d2"}
    life.act()
    life.wait(MINUTE, each=5 * SECOND)
    assert [said["reason"] for state, said in life.events() if state == "held"] == [
        "the deployment of 2.0 was taken back before"
    ]
    life.deploy("1.0", "d3")
    life.wait(HOUR // 2, each=4 * MINUTE)
    assert "started" not in life.steps()  # d3 is a rollback itself


PLACES = {
    "its own": (("shop", "production"), ("shop", "production"), True),
    "neither has an environment": (("shop", ""), ("shop", ""), True),
    "another service": (("cart", "production"), ("shop", "production"), False),
    "another environment": (("shop", "staging"), ("shop", "production"), False),
    "the alert says no service": (("", "production"), ("shop", "production"), False),
    "nobody says a service": (("", "production"), ("", "production"), False),
    "the alert says no environment": (("shop", ""), ("shop", "production"), False),
    "the deployment says no environment": (("shop", "production"), ("shop", ""), False),
}


@pytest.mark.parametrize(("told", "deployed", "acts"), PLACES.values(), ids=PLACES)
def test_only_what_was_deployed_there_is_taken_back(told: tuple[str, str], deployed: tuple[str, str], acts: bool):
    """What it would be kept quiet for is more: what does not say where it is may be there."""
    life = Life(ROLLBACK)
    life.deploy("1.0", "d1", *deployed)
    life.tell(service=told[0], environment=told[1])
    assert life.steps() == (BEGUN if acts else [])
    quiet = Life()
    quiet.deploy("1.0", "d1", *deployed)
    quiet.tell(service=told[0], environment=told[1])
    elsewhere = any(one and other and one != other for one, other in zip(told, deployed, strict=True))
    assert quiet.steps() == (BEGUN if elsewhere else ["held"])


def test_a_rollback_comes_too_late():
    life = Life(ROLLBACK)
    life.deploy("1.0", "d1")
    life.wait(31 * MINUTE)
    life.tell()
    assert life.steps() == []


def test_an_approval_is_about_the_deployment_that_was_shown():
    life = Life({**ROLLBACK, "approval": "required"})
    life.deploy("1.0", "d1")
    life.tell()
    assert life.steps() == ["proposed"]
    life.deploy("2.0", "d2")
    answer = life.say(words.APPROVE, id=life.id)
    assert isinstance(answer, Refused)
    assert "something newer was deployed" in answer.reason


def test_what_the_configuration_does_not_say_any_more_is_not_begun():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.again(target="b.service")
    answer = life.say(words.APPROVE, id=life.id)
    assert isinstance(answer, Refused)
    assert "the configuration does not say so any more" in answer.reason


def _stopped(life: Life) -> None:
    life.say(words.STOP)


def _deployed(life: Life) -> None:
    life.deploy("2.0", "d2")


CHANGES: dict[str, tuple[dict[str, Any], Callable[[Life], object], str]] = {
    "dry_run": ({}, lambda life: life.again(dry_run=True), "the configuration says `dry_run` now"),
    "another target": ({}, lambda life: life.again(target="b.service"), "the configuration does not say so any more"),
    "the switch": ({}, _stopped, "responses were stopped by ann"),
    "a deployment": ({}, _deployed, "shop 2.0 was deployed less than 600 s ago"),
    "fewer an hour": ({}, lambda life: life.again(max_per_hour=1), ""),
    "another deployment": ({"rollback_within": "30m"}, _deployed, "something newer was deployed"),
    "nothing": ({"rollback_within": "30m"}, lambda _: None, ""),
}


@pytest.mark.parametrize(("options", "change", "reason"), CHANGES.values(), ids=CHANGES)
def test_what_changes_between_the_start_and_the_act_is_looked_at_again(
    options: dict[str, Any], change: Callable[[Life], object], reason: str
):
    """What it counted itself when it was started (an hour's only one, the deployment that it takes back) holds nothing back."""
    life = Life({**options, "approval": "required"})
    if options:
        life.deploy("1.0", "d1")
    life.tell()
    life.steps()
    assert isinstance(life.say(words.APPROVE, id=life.id), Applied)
    change(life)
    life.work.emitted.clear()
    answer = life.say(words.CLAIM, id=life.id, attempt="one", repeatable=True)
    assert isinstance(answer, Refused) == bool(reason)
    if isinstance(answer, Refused):
        assert answer.reason.startswith(reason)
        assert life.steps() == ["expired"]


def test_a_dry_run_of_now_stops_what_was_proposed_before():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.again(dry_run=True)
    answer = life.say(words.APPROVE, id=life.id)
    assert isinstance(answer, Refused)
    assert "the configuration says `dry_run` now" in answer.reason


def test_what_a_process_left_behind_is_not_taken_up_in_a_dry_run():
    life = Life()
    life.tell()
    life.steps()
    assert life.claim("one")
    life.again(dry_run=True)
    life.work.emitted.clear()
    assert not life.claim("two")
    assert life.steps() == ["failed"]


def test_an_approval_that_comes_before_its_timer_but_too_late():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.work.now_unix_nano += 30 * MINUTE  # the service was busy: nothing that is due was looked at
    life.tell()
    life.work.emitted.clear()
    answer = life.say(words.APPROVE, id=life.id)
    assert isinstance(answer, Refused)
    assert "nobody approved it in time" in answer.reason
    assert life.steps() == ["expired"]


def test_another_domain_can_neither_approve_nor_claim():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    assert isinstance(life.say(words.APPROVE, domain="b.com", id=life.id), Refused)
    assert isinstance(life.say(words.CLAIM, domain="b.com", id=life.id, attempt="x"), Refused)


def test_all_of_it_outlives_restarts():
    life = Life({"approval": "required"})
    life.tell()
    life.steps()
    life.again()
    assert isinstance(life.say(words.APPROVE, id=life.id), Applied)
    life.again()
    assert life.claim()
    life.again()
    assert life.report()
    life.again()
    life.wait(6 * MINUTE)
    assert life.steps() == ["approved", "started", "done", "helped"]


def test_what_is_over_is_forgotten_after_a_day():
    life = Life()
    life.tell()
    life.steps()
    life.act()
    life.wait(26 * HOUR)
    assert not [name for name in life.work.states[DOMAIN].values if name.startswith((b"a/r/", b"a/i/"))]
    assert not life.work.timers


def test_the_event_of_a_start_holds_what_an_exporter_needs():
    life = Life()
    life.tell()
    (event,) = [each for each in life.work.emitted if each.kind == STARTED]
    batch = _made(event.records, STARTED)
    (found,) = responses_of(_replaced(batch, records=batch.records.with_columns(pl.lit(DOMAIN).alias("domain"))))
    assert (found.name, found.exporter, found.target, found.state) == (
        "restart",
        "systemd",
        "api.service",
        State.STARTED,
    )
    assert (found.domain, found.dry_run, found.instances, found.labels["service"]) == (DOMAIN, False, 2, "shop")
    assert responses_of(event.records) == []  # sent, not made: plain data


WRONG = {
    "neither target nor targets": {"target": ""},
    "both": {"targets": {"a": "b"}, "by": "service"},
    "targets that nothing chooses": {"target": "", "targets": {"a": "b"}},
    "a label that there is not": {"target": "", "targets": {"a": "b"}, "by": "nolabel"},
    "a target with a blank": {"target": "api.service --now"},
    "a target with a line break": {"target": "api\nservice"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_wrong_options(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        Life(wrong)
