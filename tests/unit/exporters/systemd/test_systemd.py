"""Restarts of units over D-Bus; against a real manager: `make check-responses`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import ValidationError

from collector.outcomes import Retry
from collector.responses.outcome import Again, NotDone
from collector.responses.response import State
from counterparts.kept_results import read_lines
from counterparts.responding import NOW, Acting, response
from exporters.systemd import FACTORY
from exporters.systemd.manager import Manager, Standing

OPTIONS = {"units": ["api.service", "broken.service"], "timeout": "10s"}


RUNNING = Standing("loaded", "active", NOW // 1000 - 61_000_000, NOW // 1000 - 60_000_000, 0, 11, True)


@dataclass
class FakeManager:
    """In the place of a connection. `lost`: the bus hangs up behind so many restarts; `slow`: looks that a job lasts."""

    unit: Standing = RUNNING
    lost: int = 0
    slow: int = 0
    starts: str = "active"
    dies: bool = False
    restarts: list[str] = field(default_factory=list)
    closed: int = 0

    async def connect(self) -> FakeManager:
        return self

    def close(self) -> None:
        self.closed += 1

    async def standing(self, unit: str) -> Standing:
        if self.slow and self.restarts:
            self.slow -= 1
            return self.unit._replace(job=7, active="activating")
        return self.unit

    async def restart(self, unit: str) -> None:
        self.restarts.append(unit)
        self.unit = self.unit._replace(
            active=self.starts, left=NOW // 1000, entered=NOW // 1000, pid=0 if self.dies else self.unit.pid + 1
        )
        if self.lost:
            self.lost -= 1
            raise Again("the bus hung up")


def carried_out(manager: FakeManager, target: str = "api.service", **more: object):
    return Acting(FACTORY, OPTIONS, connect=manager.connect).carry_out(target, **more)


def test_it_is_restarted_and_waited_for():
    manager = FakeManager(slow=3)
    found = carried_out(manager)
    assert (found.state, found.was, found.became) == (State.DONE, "active, process 11", "active, process 12")
    assert (manager.restarts, manager.closed) == (["api.service"], 2)  # it was asked what kind of unit it is, too


def test_once_when_the_answer_is_lost():
    manager = FakeManager(lost=1)
    found = carried_out(manager)
    assert (found.state, found.reason) == (State.DONE, "it was restarted since this was proposed")
    assert manager.restarts == ["api.service"]


def test_what_does_not_start_is_a_failure():
    found = carried_out(FakeManager(starts="failed"))
    assert (found.state, found.reason) == (
        State.FAILED,
        "it was active, process 11, and did not start: failed, process 12",
    )


def test_a_dry_run_restarts_nothing():
    manager = FakeManager()
    assert carried_out(manager, dry_run=True).state == State.DONE
    assert manager.restarts == []


def test_a_real_manager_answers_as_the_double_does():
    """What `make check-responses` kept, again with the double; numbers of processes are not compared."""

    class Nobody(FakeManager):
        async def standing(self, unit: str) -> Standing:
            raise NotDone("the unit is not-found")

    managers = {
        "api.service": FakeManager(),
        "broken.service": FakeManager(RUNNING._replace(active="inactive", pid=0), starts="failed", dies=True),
        "guarded.service": FakeManager(RUNNING._replace(active="inactive", pid=0, may_start=False)),
        "none.service": Nobody(),
    }
    kept = read_lines(Path(__file__).parents[3] / "golden" / "responses" / "systemd.jsonl")
    assert len(kept) == 6
    for line in kept:
        manager = managers[line["unit"]]
        before = managers["api.service"].unit.pid
        acting = Acting(FACTORY, {"units": [line["unit"]]}, connect=manager.connect)
        found = acting.carry_out(line["unit"], dry_run=line["case"] == "a dry run")
        told = [found.state == State.DONE, found.reason, _without_numbers(found.was), _without_numbers(found.became)]
        told.append(managers["api.service"].unit.pid != before)
        wanted = [line["done"], line["reason"], line.get("was", ""), line.get("became", ""), line["another process"]]
        assert told == wanted, line["case"]


def _without_numbers(text: str) -> str:
    return " ".join("N" if word.isdigit() else word for word in text.split())


def test_what_is_not_on_the_list():
    manager = FakeManager()
    assert carried_out(manager, "other.service").reason == "other.service is not one of `units`"
    assert manager.restarts == []


def test_what_lasts_too_long_is_looked_at_again_and_not_restarted_again():
    manager = FakeManager(slow=10**6)
    acting = Acting(FACTORY, OPTIONS, connect=manager.connect)
    with pytest.raises(AssertionError, match="it never ends"):
        acting.carry_out("api.service")
    assert manager.restarts == ["api.service"]


STARTS = {
    "a service": ("active", State.DONE, ""),
    "it ends by itself": ("inactive", State.DONE, ""),
    "it does not start": ("failed", State.FAILED, "it was active, process 11, and did not start: failed, process 12"),
}


@pytest.mark.parametrize(("ends", "state", "reason"), STARTS.values(), ids=STARTS)
def test_a_slow_start_over_several_attempts(ends: str, state: State, reason: str):
    """Each attempt has 10 s, a look is one in 0.2 s: it takes 30 s to start."""
    manager = FakeManager(slow=150, starts=ends)
    found = carried_out(manager)
    assert (found.state, found.reason) == (state, reason)
    assert manager.restarts == ["api.service"]


ONESHOT = RUNNING._replace(active="inactive", left=0, entered=0, pid=0, oneshot=True)


class Forgetful(FakeManager):
    """Of a `oneshot` that has ended systemd knows nothing more."""

    async def standing(self, unit: str) -> Standing:
        found = await super().standing(unit)
        return found if found.job else ONESHOT


def test_a_slow_oneshot_is_started_once():
    manager = Forgetful(ONESHOT, slow=150)
    assert carried_out(manager).state == State.DONE
    assert manager.restarts == ["api.service"]


def test_a_oneshot_whose_answer_was_lost_is_not_started_again():
    manager = Forgetful(ONESHOT, lost=1)
    found = carried_out(manager)
    assert (found.state, found.reason) == (
        State.FAILED,
        "the bus did not answer: whether it was restarted is not known",
    )
    assert manager.restarts == ["api.service"]


@pytest.mark.parametrize(
    ("manager", "state"), [(FakeManager, State.DONE), (Forgetful, State.FAILED)], ids=["a service", "a oneshot"]
)
def test_what_a_process_began_that_died(manager: type[FakeManager], state: State):
    """Of a service it is to be seen that it was restarted; a `oneshot` is not taken up."""
    fake = manager(ONESHOT if manager is Forgetful else RUNNING, slow=60)
    acting = Acting(FACTORY, OPTIONS, connect=fake.connect)
    one = response("api.service")
    acting.decider.start(one)
    assert isinstance(acting.once(one), Retry)
    acting.process()
    while isinstance(acting.once(one), Retry):
        pass
    assert acting.decider.stands(one).state == state
    assert fake.restarts == ["api.service"]


def test_what_was_under_way_before_is_waited_for():
    """Somebody stops it: that is no restart."""

    @dataclass
    class Stopping(FakeManager):
        looks: int = 3

        async def standing(self, unit: str) -> Standing:
            self.looks -= 1
            return self.unit._replace(job=7 if self.looks > 0 else 0)

    manager = Stopping()
    assert carried_out(manager).state == State.DONE
    assert manager.restarts == ["api.service"]


def test_what_failed_before_the_response_was_started_is_restarted():
    """systemd gave it up between the proposal and the approval."""
    manager = FakeManager(RUNNING._replace(active="failed", left=NOW // 1000 - 500_000, pid=0))
    assert carried_out(manager).state == State.DONE
    assert manager.restarts == ["api.service"]


def test_nobody_on_the_bus_is_tried_again(tmp_path):
    async def main() -> None:
        with pytest.raises(Again, match="the bus does not answer"):
            await Manager.connect("session", f"unix:path={tmp_path}/none")

    asyncio.run(main())


@pytest.mark.parametrize("unit", ["api", "../api.service", "a b.service", "api.service;reboot", "-.slice"])
def test_names_that_are_none(unit):
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate({"units": [unit]})


def test_a_refusal_of_systemd_is_told():
    """What polkit says."""

    class Refuses(FakeManager):
        async def restart(self, unit: str) -> None:
            raise NotDone("systemd says AccessDenied: Permission denied")

    assert carried_out(Refuses()).reason == "systemd says AccessDenied: Permission denied"
