"""A storm of distinct alerts: bounded, told as a few messages, and every alert is counted in one of them. (`make bench-alerting`: 100,000 of them.)"""

from __future__ import annotations

import msgpack
import pytest

from collector.batch import LogBatch
from collector.component import State
from collector.component.figures import NAME as FIGURES
from collector.component.figures import read
from collector.connectors.alerting import silences
from collector.connectors.alerting.groups import all_of
from collector.connectors.alerting.limits import Limits
from collector.connectors.alerting.silences import Silences
from collector.connectors.alerting.words import SILENCE
from collector.testing.work import MemoryState
from counterparts.alerting_life import HOUR, SECOND, Life

ALERTS, GROUPS = 2000, 200


def storm(life: Life, begin: int, end: int) -> None:
    """A critical record of each of some endpoints."""
    count, now = end - begin, life.work.now_unix_nano
    batch = LogBatch.of(
        {"body": ["boom"] * count, "time_unix_nano": [now] * count, "domain": ["a.com"] * count},
        {"logboom.triage.level": ["critical"] * count, "logboom.endpoint": [f"/x{number}" for number in range(begin, end)]},
        {"service.name": "shop"},
    )  # fmt: skip
    life.connector.connect(batch, life.work)


def test_a_storm_ends_in_a_few_messages_and_nothing_of_it_is_lost() -> None:
    life = Life(route={"receiver": "ops", "group_by": ["endpoint"]}, max_groups=GROUPS)
    for begin in range(0, ALERTS, 100):
        storm(life, begin, begin + 100)
        life.wait(SECOND)
    state = life.work.states["a.com"]
    groups = dict(all_of(state))
    assert len(groups) == GROUPS + 1
    assert sum(alert.count for group in groups.values() for alert in group.alerts.values()) == ALERTS
    assert len(state.values) < 3 * GROUPS
    told = life.messages()
    assert {one["reason"] for one in told} == {"first notification"}
    assert len(told) == 20
    for _ in range(12):
        life.wait(HOUR)
        told += life.messages()
    one_by_one = {one["group"] for one in told if one["reason"] == "first notification"}
    kept_back = [int(one["count"]) for one in told if one["reason"].startswith("more groups")]
    assert len(one_by_one) + kept_back[-1] >= GROUPS + 1, "those that were not told one by one are counted"
    assert {one["group"] for one in told if one["status"] == "resolved"} == one_by_one
    assert [name for name in state.values if name not in (b"n", b"l/email", FIGURES)] == []
    figures = read(state.values[FIGURES])
    assert set(figures["alert_groups"].values()) == {0}
    assert sum(figures["alert_notifications"].values()) == len(told)


def test_a_window_of_before_is_read() -> None:
    """As it was kept until now: each group with its labels."""
    state: State = MemoryState()
    state.put(b"l/pager", msgpack.packb([5 * SECOND, 2, {"g1": {"a": "b"}, "g2": {}}, 7]))
    assert (Limits.window(state, "pager").held, Limits.window(state, "pager").labels) == (9, [{"a": "b"}, {}])
    assert Limits(2, SECOND).admits(state, "pager", "g3", {}, SECOND) == (False, 5 * SECOND)
    assert Limits.window(state, "pager").held == 10
    Limits.close(state, "pager")
    assert state.scan(b"") == []


HOLD = {
    'service="shop"': True, 'service="shop", endpoint="/y"': False, 'service=~"sh.*"': True, 'service=~"sh"': False, 'component=~".*"': True,
    'component=~".+"': False, 'service!="till"': True, 'service!~"t.*", endpoint=~"/x|/y"': True, 'component=""': True,
}  # fmt: skip


@pytest.mark.parametrize(("matchers", "holds"), HOLD.items(), ids=HOLD)
def test_a_silence_is_found_however_it_is_written(matchers: str, holds: bool) -> None:
    """Among others."""
    life = Life()
    for number in range(30):
        others = (f'service="other{number}"', f'service=~"other{number}.*"', f'component=~"c{number}+"')
        life.command(SILENCE, matchers=others[number % 3], seconds=3600)
        life.work.now_unix_nano += 1
    life.command(SILENCE, matchers=matchers, seconds=3600)
    kept: Silences = silences.of(life.work.states["a.com"])
    labels = {"service": "shop", "endpoint": "/x"}
    assert kept.hold(labels, life.work.now_unix_nano) is holds
    assert kept.hold(labels, life.work.now_unix_nano + HOUR) is False
