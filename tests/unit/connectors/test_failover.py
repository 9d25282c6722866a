"""Which level gets the records of a step, by the standing of the exporters and by time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.component import Context, Standing
from collector.connectors.failover.config import FailoverConfig
from collector.connectors.failover.connector import Failover
from collector.samples import batch_of
from collector.testing.work import FakeWork

WELL, REPEATING, BLOCKED, FULL = Standing.WELL, Standing.REPEATING, Standing.BLOCKED, Standing.FULL
LEVELS = [["logs/a"], ["logs/b", "logs/c"], ["logs/d"]]
SECOND = 1_000_000_000


class Scene:
    """A failover whose pipelines stand as the test says, on a clock of its own."""

    def __init__(self, **options: Any) -> None:
        self.standing: dict[str, Standing] = {}
        config = FailoverConfig.model_validate({"priority_levels": LEVELS, **options})
        context = Context("failover", Path(), standing=lambda pipeline: self.standing.get(pipeline, WELL))
        self.connector = Failover(config, context)
        self.work = FakeWork()

    def chosen(self, **standing: Standing) -> str:
        """The letters of the pipelines that get a step now; `a=FULL`: how they stand from now on."""
        self.standing |= {f"logs/{letter}": each for letter, each in standing.items()}
        batch = batch_of([{"body": "x"}])
        given = self.connector.connect(batch, self.work)
        assert all(part is batch for part in given.values())
        return "".join(name[-1] for name in given)

    def later(self, seconds: float) -> None:
        self.work.now_unix_nano += int(seconds * SECOND)


def test_the_first_that_is_well() -> None:
    scene = Scene()
    assert scene.chosen() == "a"
    assert scene.chosen(a=BLOCKED) == "bc"
    assert scene.chosen(b=FULL) == "d"


def test_all_pipelines_of_a_level_must_be_well() -> None:
    assert Scene().chosen(a=FULL, c=BLOCKED) == "d"


def test_one_that_failed_is_left_alone_until_it_has_been_well_for_a_while() -> None:
    scene = Scene(retry_interval="1m")
    assert scene.chosen(a=BLOCKED) == "bc"
    scene.later(30)
    assert scene.chosen() == "bc"
    scene.later(59)
    assert scene.chosen(a=WELL) == "bc"
    scene.later(2)
    assert scene.chosen() == "a"


def test_requests_that_are_repeated_are_no_failure_until_they_go_on() -> None:
    scene = Scene(failing_after="10s")
    assert scene.chosen(a=REPEATING) == "a"
    scene.later(9)
    assert scene.chosen() == "a"
    assert scene.chosen(a=WELL) == "a"
    scene.later(9)
    assert scene.chosen(a=REPEATING) == "a", "counted anew"
    scene.later(10)
    assert scene.chosen() == "bc"


def test_where_none_is_well_it_waits_in_the_best_place_that_has_room() -> None:
    scene = Scene()
    assert scene.chosen(a=BLOCKED, b=BLOCKED, d=BLOCKED) == "a"
    assert scene.chosen(a=FULL) == "bc"
    assert scene.chosen(c=FULL) == "d"
    assert scene.chosen(d=FULL) == "a"


def test_a_clock_that_was_set_back_keeps_no_level_away_for_ever() -> None:
    scene = Scene(retry_interval="1m")
    scene.chosen(a=BLOCKED)
    scene.later(-3600)
    assert scene.chosen(a=WELL) == "a"


def test_a_backlog_moves_from_what_has_failed_for_long_to_what_is_well() -> None:
    scene = Scene(move_backlog_after="1m")

    def moves() -> dict[str, list[str]]:
        return {name: list(to) for name, to in scene.connector.moves(scene.work.now_unix_nano).items()}

    scene.standing = {"logs/a": FULL, "logs/c": BLOCKED}
    assert moves() == {}
    scene.later(59)
    assert moves() == {}
    scene.later(1)
    assert moves() == {"logs/a": ["logs/d"], "logs/c": ["logs/d"]}, "that of logs/b is delivered"
    scene.standing["logs/c"] = WELL
    assert moves() == {"logs/a": ["logs/d"]}, "its level must have been well for a while"
    scene.standing["logs/d"] = FULL
    assert moves() == {}, "nobody is there to take it"


def test_without_being_told_to_nothing_moves() -> None:
    scene = Scene()
    scene.standing = {"logs/a": FULL}
    scene.later(1e6)
    assert scene.connector.moves(scene.work.now_unix_nano) == {}


@pytest.mark.parametrize("levels", [[], [[]], [["logs/a"], []], [["logs/a"], ["logs/a"]]])
def test_what_is_refused(levels: list[list[str]]) -> None:
    with pytest.raises(ValidationError, match="priority_levels"):
        FailoverConfig.model_validate({"priority_levels": levels})
