"""State of components: by domain, many names at once, and how much of it there is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.component.figures import NAME as FIGURES
from collector.ledger.interface import StateKey
from collector.ledger.reader import PartitionReader
from counterparts.partition_bench import PLAN, PartitionBench

Make = Callable[..., PartitionBench]
Changes = dict[StateKey, bytes | None]
NUMBERS = count()
SMALL = replace(PLAN, state_bytes=4000, domain_state_bytes=1000)


def commit(bench: PartitionBench, changes: Changes) -> None:
    bench.put(f"step {next(NUMBERS)}")  # each is another, else it is a duplicate
    bench.step(state=changes)


def test_components_and_domains_do_not_see_each_other(make_bench: Make) -> None:
    bench = make_bench()
    commit(
        bench, {("p", "a", b"x/1"): b"1", ("p", "a", b"x/2"): b"2", ("p", "b", b"x/1"): b"3", ("q", "a", b"y"): b"4"}
    )
    assert bench.ledger.state("p", "a").scan(b"x/") == [(b"x/1", b"1"), (b"x/2", b"2")]
    assert bench.ledger.state("p", "b").get_many([b"x/1", b"x/2", b"k" * 600]) == {b"x/1": b"3"}
    assert dict(bench.ledger.state("q", "a")) == {b"y": b"4"}
    commit(bench, {("p", "a", b"x/1"): None, ("p", "a", b"never"): None})
    assert dict(bench.ledger.state("p", "a")) == {b"x/2": b"2"}


def test_numbers_of_a_component_are_read_from_anywhere_by_domain(make_bench: Make) -> None:
    """Small and large ones; a domain without any, and another component, have no part."""
    bench = make_bench()
    small, large = b"s", b"l" * 9000
    commit(bench, {("p", "a", FIGURES): small, ("p", "a", b"\x01g"): b"x", ("p", "b", b"y"): b"2", ("p", "c", FIGURES): large,
                   ("p/2", "a", FIGURES): b"of another"})  # fmt: skip
    with closing(PartitionReader.open(bench.partition.path)) as reader:
        assert reader.figures("p") == {"a": small, "c": large}
        assert reader.figures("q") == {}
        commit(bench, {("p", "a", FIGURES): None})
        assert reader.figures("p") == {"c": large}


def test_the_owner_is_told_its_part_of_what_is_too_much_for_the_domain(make_bench: Make) -> None:
    bench = make_bench(SMALL)
    commit(bench, {("p", "a", b"k"): b"v" * 1600, ("q", "a", b"k"): b"v" * 300, ("p", "b", b"k"): b"v" * 900})
    p, q = bench.ledger.state("p", "a").excess_bytes(), bench.ledger.state("q", "a").excess_bytes()
    assert 900 < p + q < 920
    assert 5 < p / q < 6
    assert bench.ledger.state("p", "b").excess_bytes() == 0
    commit(bench, {("p", "a", b"k"): None})
    assert bench.ledger.state("q", "a").excess_bytes() == 0


def test_above_the_partition_s_budget_every_owner_is_told_and_steps_go_on(make_bench: Make) -> None:
    bench = make_bench(SMALL)
    commit(bench, {("p", str(number), b"k"): b"v" * 900 for number in range(6)})
    told = [bench.ledger.state("p", str(number)).excess_bytes() for number in range(6)]
    assert all(200 < excess < 300 for excess in told)
    assert bench.partition.state_bytes() - sum(told) <= 4000
    commit(bench, {("p", "7", b"k"): b"v" * 100_000})
    assert len(bench.drain()) == 2


names = st.sampled_from([b"a", b"b", b"long/" * 20])
values = st.none() | st.sampled_from([0, 1, 4000, 4078, 4079, 4080, 4081, 9000]).map(lambda size: b"v" * size)
steps = st.lists(
    st.dictionaries(st.tuples(st.sampled_from("pq"), st.sampled_from(["", "a", "b"]), names), values), max_size=5
)


@pytest.mark.slow
@given(steps)
@settings(max_examples=25)
def test_what_is_held_is_what_was_written_less_what_was_deleted(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Changes]
) -> None:
    bench = PartitionBench(tmp_path_factory.mktemp("state"))
    expected: dict[StateKey, bytes] = {}
    for changes in steps:
        commit(bench, changes)
        expected |= {name: value for name, value in changes.items() if value is not None}
        expected = {name: value for name, value in expected.items() if name not in changes or changes[name] is not None}
    for component in "pq":
        for domain in ("", "a", "b"):
            kept = {name[2]: value for name, value in expected.items() if name[:2] == (component, domain)}
            assert dict(bench.ledger.state(component, domain)) == kept
    separators = 2
    held = sum(len(c) + len(d) + len(name) + separators + len(value) for (c, d, name), value in expected.items())
    assert bench.partition.state_bytes() == held
    bench.close()
