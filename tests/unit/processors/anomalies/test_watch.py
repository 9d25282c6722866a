"""What a watch that has seen a day of a shop tells of the next minutes: of what is unusual, and of what only looks so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from processors.anomalies import memory
from processors.anomalies.findings import Finding
from processors.anomalies.observation import Observation
from processors.anomalies.watch import Key, Watch

BEGIN = 29_348_640
LEARNT = 1500
SERVED, FAILED, BEAT = (
    Key(f"{n:016x}", "shop", "production", level) for n, level in ((1, "info"), (2, "warning"), (3, "info"))
)
SEARCHED = Key(f"{4:016x}", "search", "production", "info")
TEMPLATES = {SERVED: "served <*>", FAILED: "lost <*>", BEAT: "refreshed", SEARCHED: "found <*>"}
USUAL = {SERVED: 40, FAILED: 0.2, BEAT: 1, SEARCHED: 30}
Counts = dict[Key, int]


def minute(watch: Watch, at: int, counts: Counts, said: int | None = None) -> Observation:
    """What is observed when so many records of each series are received, which say that minute (their own, without)."""
    seen = Observation([watch.index.get(key, (*key, TEMPLATES.get(key, "new"))) for key in counts])
    places = np.arange(len(counts))
    minutes = np.full(len(counts), at if said is None else said)
    seen.counted = [(at, places, minutes, np.array(list(counts.values())))]
    return seen


def usual(random: np.random.Generator) -> Counts:
    drawn = {key: int(random.poisson(rate)) for key, rate in USUAL.items()} | {BEAT: 1}
    return {key: count for key, count in drawn.items() if count}


@pytest.fixture(scope="module")
def trained() -> dict[bytes, bytes]:
    """A day of a shop, and an hour."""
    watch, random = Watch(), np.random.default_rng(3)
    for at in range(BEGIN, BEGIN + LEARNT):
        seen = minute(watch, at, usual(random))
        seen.values = [(0, "state", "ok", 5, at), (0, "state", "retried", 1, at)]
        slow = {15: 10, 20: 8, 22: 2}
        seen.durations = [("shop", "production", "/cart", "1.0", at, slow)]
        seen.numbers = [("shop", "production", "p", "1", "disk <*>%", 100.0, 50 + float(random.normal(0, 0.3)))]
        assert not [each for each in [*watch.apply(seen), *watch.close(at)] if each.page]
    return memory.dumped(watch)


@pytest.fixture
def watch(trained) -> Watch:
    found = memory.loaded(trained, 20_000)
    assert found is not None
    return found


def run(watch: Watch, minutes: int, change: Callable[[Counts, int], Counts], more: Callable[[Observation, int], None] | None = None) -> list[Finding]:  # fmt: skip
    """So many minutes in which something happens: `change(counts, minute)`."""
    random, told = np.random.default_rng(4), []
    start = watch.closed + 1
    for n in range(minutes):
        seen = minute(watch, start + n, change(usual(random), n))
        if more:
            more(seen, n)
        told += watch.apply(seen)
        told += watch.close(start + n)
    return told


def pages(told: list[Finding]) -> set[tuple[str, str]]:
    return {(each.kind, each.subject.template or each.subject.name) for each in told if each.page}


NEW = Key("f" * 16, "shop", "production", "critical")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda counts, _: counts, set(), id="a usual minute"),
        pytest.param(lambda counts, _: counts | {FAILED: 12}, {("spike", "lost <*>"), ("severity_mix", "")}, id="failures"),
        pytest.param(lambda counts, n: counts | ({FAILED: 4} if n == 3 else {}), set(), id="a few failures in one minute"),
        pytest.param(lambda counts, _: counts | {SERVED: counts[SERVED] // 4}, {("drop", "served <*>")}, id="a drop"),
        pytest.param(
            lambda counts, n: counts | ({SERVED: 10} if n == 3 else {}), set(), id="a minute with less: a restart"
        ),
        pytest.param(
            lambda counts, _: {key: count for key, count in counts.items() if key != BEAT}, {("silence", "refreshed")},
            id="no heartbeat",
        ),
        pytest.param(lambda counts, _: counts | {NEW: 4}, {("new_pattern", "new")}, id="a new pattern that stays"),
        pytest.param(lambda counts, n: counts | ({NEW: 1} if n == 3 else {}), set(), id="a new pattern once"),
        pytest.param(lambda counts, n: counts if n % 9 else {}, set(), id="minutes without anything"),
    ],
)  # fmt: skip
def test_what_calls_somebody_within_ten_minutes(watch, change, expected):
    found = pages(run(watch, 10, change))
    assert expected <= found
    assert bool(found) == bool(expected)


def delay(told: list[Finding], watch: Watch, minutes: int, template: str) -> int:
    """Minutes of a run behind which a series was paged for."""
    return next(each.at for each in told if each.page and each.subject.template == template) - (watch.closed - minutes)


@pytest.mark.parametrize(
    ("change", "template", "most"),
    [
        pytest.param(lambda counts, _: counts | {SERVED: 5 * counts[SERVED] // 2}, "served <*>", 5, id="traffic, 2.5 times"),
        pytest.param(lambda counts, _: counts | {SERVED: 2 * counts[SERVED] // 5}, "served <*>", 5, id="traffic, to two fifths"),
        pytest.param(lambda counts, n: counts | {FAILED: 2 + n % 2}, "lost <*>", 5, id="warnings, twelve times"),
        pytest.param(lambda counts, n: counts | ({FAILED: 3} if n % 3 else {}), "lost <*>", 10, id="warnings, ten times, in two of three minutes"),
        pytest.param(lambda counts, n: counts | ({FAILED: 9} if n % 3 else {}), "lost <*>", 5, id="warnings, many at once"),
    ],
)  # fmt: skip
def test_how_soon_a_step_calls_somebody(watch, change, template, most):
    assert delay(run(watch, 20, change), watch, 20, template) <= most


def test_what_begins_is_not_usual_while_it_is_judged(watch):
    def late() -> float:
        rows, row = watch.series.rows, watch.index[SERVED]
        return float(rows["seen"][row] / rows["due"][row])

    before = late()
    run(watch, 8, lambda counts, _: counts | {SERVED: 60})  # too little to be told
    assert late() == pytest.approx(before, rel=0.02)
    run(watch, 60, lambda counts, _: counts | {SERVED: 60})
    assert late() > 1.15 * before


def test_minutes_that_know_nothing_of_each_other_scatter_less_the_longer_the_window(watch):
    series, rows = watch.series, watch.series.rows
    mean = np.full(len(rows), 40.0, np.float32)
    for name, one, five in (("square", 1600, 40_000), ("plain", 40, 200)):
        rows[f"{name}1"][:], rows[f"{name}5"][:] = one, five
    rows["age"][:] = 100_000
    rows["off1"][:] = 0.1 * 1600
    shapes = {}
    for together, share5 in ((False, 0.02), (True, 0.1)):
        rows["off5"][:] = share5 * 40_000
        series.forget_scatter()
        shapes[together] = [float(series.shape(mean * n, n)[0]) for n in (5, 10, 60)]
    assert shapes[True] == pytest.approx([shapes[True][0]] * 3, rel=0.1)
    assert shapes[False][1] > 1.5 * shapes[False][0]
    assert shapes[False][2] > 6 * shapes[False][0]


def test_a_new_pattern_is_told_when_it_comes_and_once_more_when_it_stays(watch):
    told = [each for each in run(watch, 6, lambda counts, _: counts | {NEW: 4}) if each.kind == "new_pattern"]
    assert [each.page for each in told] == [False, True]
    assert len({each.key for each in told}) == 1


def test_an_anomaly_is_told_to_be_over(watch):
    told = run(watch, 30, lambda counts, n: counts | ({FAILED: 12} if n < 8 else {}))
    over = [each for each in told if each.kind == "spike" and each.over]
    assert len(over) == 1
    assert not over[0].page


def test_what_stays_for_two_hours_is_a_step_and_usual_from_then_on(watch):
    told = run(watch, 150, lambda counts, n: counts | {SERVED: 4 * counts[SERVED]})
    (step,) = [each for each in told if each.kind == "step"]
    assert not step.page
    assert step.seen > 3 * step.expected
    (over,) = [each for each in told if each.kind == "spike" and each.over and each.subject.template]
    assert over.at == step.at
    assert not [each for each in told if each.at > step.at + 5 and not each.over]


def test_a_value_that_never_was_is_told_and_a_reason_to_call_when_it_stays(watch):
    def say(seen: Observation, n: int) -> None:
        seen.values = [(0, "state", "refused", 2, seen.counted[0][0])]

    told = [each for each in run(watch, 6, lambda counts, _: counts, say) if each.kind == "new_value"]
    assert [(each.page, dict(each.more)["logboom.anomaly.value"]) for each in told] == [(False, "refused"), (True, "refused")]  # fmt: skip


def test_requests_that_take_longer(watch):
    def say(seen: Observation, n: int) -> None:
        at = seen.counted[0][0]
        seen.durations = [("shop", "production", "/cart", "1.0", at, {20: 10, 25: 8, 27: 2})]

    (told,) = [each for each in run(watch, 6, lambda counts, _: counts, say) if each.kind == "latency" and each.page]
    assert told.seen > 2 * told.expected
    assert told.subject.name == "/cart"


def test_a_disk_that_fills_is_foretold_with_an_interval_that_holds_the_truth(watch):
    end, told = 240, []

    def say(seen: Observation, n: int) -> None:
        value = 50 + 50 * n / end + float(np.random.default_rng(n).normal(0, 0.3))
        seen.numbers = [("shop", "production", "p", "1", "disk <*>%", 100.0, value)]
        told.append(n)

    found = next(each for each in run(watch, 200, lambda counts, _: counts, say) if each.kind == "prediction")
    more = dict(found.more)
    left = end - (found.at - (watch.closed - 199))
    low, high = (more[f"logboom.anomaly.minutes_left_{end}"] for end in ("low", "high"))
    assert low - 10 <= left <= high + 10
    assert left > 60


def test_what_comes_behind_an_outage_is_neither_a_drop_nor_a_spike(watch):
    random, start, told = np.random.default_rng(6), watch.closed + 1, []
    for late in range(12):  # all that senders kept comes at once
        told += watch.apply(minute(watch, start + 12, usual(random), start + late))
    for n in range(12, 24):
        told += watch.apply(minute(watch, start + n, usual(random)))
        told += watch.close(start + n)
    assert pages(told) == set()


def test_a_service_whose_clock_is_wrong_is_not_silent(watch):
    told, start, random = [], watch.closed + 1, np.random.default_rng(6)
    for at in range(start, start + 15):
        counts = usual(random)
        own = {key: count for key, count in counts.items() if key.service == "shop"}
        told += watch.apply(minute(watch, at, {key: n for key, n in counts.items() if key not in own}))
        told += watch.apply(minute(watch, at, own, at - 40))
        told += watch.close(at)
    assert pages(told) == set()


def test_records_from_the_future_count_where_their_receipt_allows(watch):
    start = watch.closed + 1
    watch.apply(minute(watch, start, {SERVED: 7}, start + 500))
    assert watch.series.rows["ring"][watch.index[SERVED]].sum() >= 7
    told = run(watch, 4, lambda counts, _: counts)
    assert pages(told) == set()


def test_the_same_minutes_give_the_same_bytes(trained):
    first, second = (memory.loaded(trained, 20_000) for _ in range(2))
    told = [run(each, 20, lambda counts, n: counts | {FAILED: n}) for each in (first, second)]
    assert told[0] == told[1]
    assert memory.dumped(first) == memory.dumped(second)


def test_series_above_the_most_are_forgotten_the_longest_silent_first():
    watch = Watch(most_series=100)
    for n in range(150):
        key = Key(f"{n:016x}", "shop", "production", "info")
        watch.apply(minute(watch, BEGIN + n, {key: 1, SERVED: 5}))
        watch.close(BEGIN + n)
    assert len(watch.keys) <= 100
    assert SERVED in watch.index
    assert Key(f"{149:016x}", "shop", "production", "info") in watch.index
    assert Key(f"{0:016x}", "shop", "production", "info") not in watch.index
    assert [watch.keys[row] for row in watch.index.values()] == list(watch.index)


def test_more_new_series_in_a_minute_than_are_kept_are_one():
    watch = Watch(most_series=100)
    counts = {Key(f"{n:016x}", "shop", "production", "info"): 1 for n in range(1000)}
    watch.apply(minute(watch, BEGIN, counts))
    assert len(watch.keys) < 200
    watch.close(BEGIN)
    assert len(watch.keys) <= 100
