"""Commands: to the component that takes them, once, with an answer in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch, concat
from collector.component import Applied, Command, Config, Context, Factory, Kind, Refused, Work
from collector.control.command import DEPLOYMENT, OWNER, command
from collector.control.deployment import Deployment
from collector.control.deployments import Deployments
from collector.control.record import ControlRecord
from collector.ledger.plan import PipelinePlan, Quota
from collector.outcomes import Outcome
from collector.pipeline.commanding import REMEMBERED_NANOS, Answer, Taker
from collector.pipeline.pipeline import Pipeline
from collector.reserved import PIPELINE, RECEIVER, memory_of
from collector.testing.conservation import assert_conserved
from collector.testing.contract import misfits, powers_of
from counterparts.control_bench import ControlBench
from counterparts.partition_bench import plan

PAINT = "logboom.command.paint"
DOMAIN = "a.example"
SERVICE = PipelinePlan(
    PIPELINE, frozenset({RECEIVER}), ("sqlite",), share_bytes=1 << 20, components=[OWNER, memory_of(OWNER)]
)
DATA = PipelinePlan("logs", frozenset({"otlp", RECEIVER}), ("sqlite",), components=["wall", memory_of("wall")])


class Wall:
    """Keeps a colour of each domain, which commands change; sees events that say rain."""

    takes_events = ("test.rain",)

    def __init__(self, config: object = None, context: object = None) -> None:
        self.saw: list[str] = []
        self.commands: list[Command] = []

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        self.saw += batch.column("body").to_list()
        return batch

    def command(self, command: Command, work: Work) -> Applied | Refused:
        self.commands.append(command)
        colour = str(command.attributes["colour"])
        if colour == "infrared":
            return Refused("nobody sees that")
        if colour == "boom":
            raise RuntimeError("a defect")
        state = work.state(command.domain)
        state.put(b"colour", colour.encode())
        state.put(b"coats", bytes([(state.get(b"coats") or b"\0")[0] + 1]))
        work.emit("test.painted", LogBatch.of({"body": [f"painted {colour}"]}))
        return Applied({"colour": colour, "coats": state.get(b"coats")[0]})


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., ControlBench]]:
    made: list[ControlBench] = []

    def with_quota(**quotas: Quota) -> ControlBench:
        made.append(ControlBench(tmp_path / str(len(made)), plan(DATA, SERVICE, quotas=quotas)))
        return made[-1]

    yield with_quota
    for bench in made:
        assert_conserved(bench.partition)
        bench.close()


class Bench:
    """Both pipelines over a partition."""

    def __init__(self, bench: ControlBench) -> None:
        self.bench, self.wall, self.answers = bench, Wall(), list[Answer]()
        self.open()

    def open(self) -> None:
        common: dict[str, Any] = {
            "attempts_path": self.bench.root / "partition", "on_answers": self.answers.extend,
            "now_unix_nano": lambda: self.bench.clock() * 1_000_000,
        }  # fmt: skip
        self.logs = Pipeline(
            "logs", self.bench.ledger, [("wall", self.wall)], takers=[Taker("wall", [PAINT], self.wall)], **common
        )
        self.service = Pipeline(
            PIPELINE, self.bench.ledger, [], takers=[Taker(OWNER, [DEPLOYMENT], Deployments())], **common
        )

    def content(self) -> LogBatch:
        return concat([entry.content for entry in self.bench.deliverable() if isinstance(entry.content, LogBatch)])

    def events(self) -> list[tuple[str, str]]:
        batch = self.content()
        return list(zip(batch.column("event_name"), batch.column("body"), strict=True))


@pytest.fixture
def both(make: Callable[..., ControlBench]) -> Bench:
    return Bench(make())


def paint(colour: str, id_: str = "") -> ControlRecord:
    return command(PAINT, DOMAIN, {"colour": colour}, who="ann", why="because", id_=id_)


def test_a_command_is_carried_out_with_its_answer_and_ends_as_handled(both: Bench) -> None:
    both.bench.tell_record(paint("red", "c1"))
    assert both.logs.step() == 1
    (given,) = both.wall.commands
    assert (given.id, given.name, given.domain, given.who, given.why) == ("c1", PAINT, DOMAIN, "ann", "because")
    assert dict(given.attributes) == {"colour": "red"}
    assert given.received_unix_nano == both.bench.clock() * 1_000_000
    assert both.answers == [Answer("c1", "wall", "applied", "", {"colour": "red", "coats": 1})]
    batch = both.content()
    assert both.events() == [("test.painted", "painted red"), ("logboom.command.applied", f"{PAINT} of ann is applied")]
    assert batch.generation is not None
    assert batch.generation.to_list() == [2, 2]
    assert batch.attribute("logboom.command.id")[1] == "c1"
    assert batch.attribute("logboom.command.snapshot")[1] == '{"colour":"red","coats":1}'
    assert batch.column("domain").to_list() == [DOMAIN, DOMAIN]
    assert both.bench.count("pipeline/logs", Outcome.HANDLED) == 1
    both.bench.drain()


def test_the_same_id_is_carried_out_once_for_a_day_also_after_a_restart(both: Bench) -> None:
    for _ in range(2):
        both.bench.tell_record(paint("red", "c1"))
        both.logs.step()
    both.bench.reopen()
    both.open()
    both.bench.tell_record(paint("blue", "c1"))
    both.logs.step()
    assert len(both.wall.commands) == 1
    assert {answer.snapshot["colour"] for answer in both.answers} == {"red"}
    assert len(both.answers) == 3
    both.bench.clock.unix_ms += REMEMBERED_NANOS // 1_000_000 + 1
    both.bench.tell_record(paint("blue", "c2"))
    both.bench.tell_record(paint("green", "c1"))
    both.logs.step()
    assert [each.attributes["colour"] for each in both.wall.commands] == ["red", "blue", "green"]
    both.bench.drain()


def test_a_refusal_says_why_and_changes_nothing(both: Bench) -> None:
    both.bench.tell_record(paint("infrared", "c1"))
    both.logs.step()
    assert both.answers == [Answer("c1", "wall", "refused", "nobody sees that")]
    assert both.events() == [("logboom.command.refused", f"{PAINT} of ann is refused: nobody sees that")]
    both.bench.drain()


def test_a_defect_costs_that_command_alone(both: Bench) -> None:
    for colour in ("red", "boom", "blue"):
        both.bench.tell_record(paint(colour))
    both.logs.step()
    assert both.bench.count("pipeline/logs", Outcome.UNDECODABLE) == 1
    assert [answer.snapshot["colour"] for answer in both.answers] == ["red", "blue"]
    assert both.answers[-1].snapshot["coats"] == 2
    (letter,) = both.bench.partition.dead_letters()
    assert letter.reason == "processor wall: RuntimeError"
    both.bench.drain()


def test_what_is_sent_is_no_command(both: Bench) -> None:
    """The very bytes, through another receiver."""
    record = paint("red")
    from otlp_wire import receive_json

    both.bench.put_raw(receive_json(record.otlp_json()).body, domain=DOMAIN)
    both.logs.step()
    assert both.wall.commands == []
    assert both.answers == []
    assert both.events() == [(PAINT, f"{PAINT} of ann")]
    both.bench.drain()


def test_commands_of_others_and_events_leave_by_their_own_way(both: Bench) -> None:
    """In the data pipeline they are seen by who takes them, and go no further; the other one hands all of it on."""
    both.bench.tell_record(ControlRecord("logboom.test.rain", DOMAIN, "not its kind"))
    both.bench.tell_record(paint("red", "c1"))
    both.logs.step()
    both.logs.step()
    assert both.events()[-1][0] == "logboom.command.applied"
    assert "not its kind" not in [body for _, body in both.events()]
    assert both.bench.count("pipeline/logs", Outcome.FILTERED) == 1
    both.bench.drain()
    both.service.step()
    assert [name for name, _ in both.events()] == ["logboom.test.rain", PAINT]
    both.bench.drain()


def test_a_stuck_exporter_delays_no_command(make: Callable[..., ControlBench]) -> None:
    both = Bench(make(sqlite=Quota(max_bytes=2000)))
    both.bench.put("x" * 3000)
    both.logs.step()
    both.bench.put("more")
    assert both.logs.step() == 0
    both.bench.tell_record(paint("red"))
    both.logs.step()
    assert [answer.outcome for answer in both.answers] == ["applied"]
    assert both.logs.step() == 0, "data still wait"
    both.bench.drain()


def test_a_step_that_is_repeated_carries_out_once(both: Bench) -> None:
    """A process that died before the commit; then the next one does it, with the same ids."""
    both.bench.tell_record(paint("red", "c1"))
    committed = both.bench.ledger.commit
    ids = []

    def die(commit: Any) -> None:
        ids.append(commit.outbox["logs"].column("record_id").to_list())
        raise RuntimeError("killed")

    both.bench.ledger.commit = die
    with pytest.raises(RuntimeError):
        both.logs.step()
    assert both.answers == [], "nobody is told of what is not on disk"
    both.bench.ledger.commit = committed
    both.open()
    both.logs.step()
    assert ids == [both.content().column("record_id").to_list()]
    assert both.answers[0].snapshot["coats"] == 1
    both.bench.drain()


def test_a_deployment_is_checked_and_becomes_an_event(both: Bench) -> None:
    good = Deployment("", "checkout", "1.2.3", "production", 1_700_000_000_000_000_000, "https://ci.example/1")
    both.bench.tell_record(command(DEPLOYMENT, DOMAIN, good.of_command(), who="ci", id_="d1"))
    both.bench.tell_record(command(DEPLOYMENT, DOMAIN, {"service.name": "checkout"}, who="ci", id_="d2"))
    both.service.step()
    assert [(each.id, each.owner, each.outcome) for each in both.answers] == [
        ("d1", OWNER, "applied"),
        ("d2", OWNER, "refused"),
    ]
    batch = both.content()
    event = batch.filter(batch.column("event_name") == "logboom.deployment")
    assert len(event) == 1
    said = {name: event.attribute(name)[0] for name in good.attributes()}
    assert said == {**good.attributes(), "logboom.deployment.id": "d1"}
    assert event.column("time_unix_nano")[0] == 1_700_000_000_000_000_000
    assert event.resource_attribute("service.name")[0] == "checkout"
    assert sorted(batch.column("event_name").unique()) == [
        "logboom.command.applied", DEPLOYMENT, "logboom.command.refused", "logboom.deployment",
    ]  # fmt: skip
    both.bench.drain()


class WallConfig(Config):
    """No options."""


FACTORY = Factory(
    Kind.PROCESSOR, "wall", WallConfig, f"{__name__}:Wall", "a wall that people paint", takes_commands=(PAINT,)
)


def test_a_component_that_takes_commands_keeps_the_contract() -> None:
    assert misfits(FACTORY) == []
    assert "TakesCommands" in powers_of(Wall)
    assert isinstance(FACTORY.create(WallConfig(), Context("wall", Path())), Wall)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ((), "the factory's `takes_commands` and the component's `command()` need each other"),
        (("paint",), "'paint' is not the name of a command"),
        (("logboom.command.applied",), "is not the name of a command"),
    ],
)
def test_half_a_power_is_told(names: tuple[str, ...], problem: str) -> None:
    from dataclasses import replace

    (told,) = misfits(replace(FACTORY, takes_commands=names))
    assert problem in told
