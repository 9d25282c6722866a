"""What metrics say of alerts is what is kept and told of them."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from collector.alert_commands import ACKNOWLEDGE, RESOLVE, UNACKNOWLEDGE
from collector.component.figures import NAME, read
from collector.connectors.alerting.groups import all_of
from counterparts.alerting_life import HOUR, MINUTE, Life


def shown(life: Life, name: str) -> dict[tuple[str, ...], int]:
    return {labels: n for labels, n in read(life.work.states["a.com"].get(NAME)).get(name, {}).items() if n}


def kept(life: Life) -> dict[tuple[str, ...], int]:
    return dict(Counter((group.stands,) for _, group in all_of(life.work.states["a.com"])))


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_those_of_what_is_kept_and_told(seed: int) -> None:
    """Groups begin, are acknowledged, end, are forgotten; over restarts, and where there are too many of them."""
    random, life, told = Random(seed), Life(max_groups=10), Counter[tuple[str, str]]()
    for _ in range(50):
        life.tell(random.choice(("critical", "warning")), service=f"s{random.randint(0, 15)}")
        groups = [key for key, _ in all_of(life.work.states["a.com"])]
        if groups and random.random() < 0.4:
            verb = random.choice((ACKNOWLEDGE, UNACKNOWLEDGE, RESOLVE))
            life.command(verb, group=random.choice(groups))
        if random.random() < 0.1:
            life.again(max_groups=10)
        life.wait(random.choice((0, MINUTE, 10 * MINUTE, HOUR)))
        told.update((one["exporter"], one["reason"]) for one in life.messages())
        assert shown(life, "alert_groups") == kept(life)
    assert {"firing", "acknowledged", "over"} >= {state for (state,) in shown(life, "alert_groups")}
    assert shown(life, "alert_notifications") == dict(told)


def test_groups_of_an_older_logboom_are_counted_with_the_next_that_begins() -> None:
    life = Life()
    for number in range(3):
        life.tell(service=f"s{number}")
    life.work.states["a.com"].delete(NAME)
    life.tell(service="another")
    assert shown(life, "alert_groups") == kept(life) == {("firing",): 4}
