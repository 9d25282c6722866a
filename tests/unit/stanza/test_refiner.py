"""Operators in front of a pipeline: what they keep over steps, what becomes of what they can't do, and the account of it."""

from __future__ import annotations

import logging
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.journal.entry import Entry
from collector.journal.text import Text
from collector.pipeline.decode import decode
from collector.stanza.graph import graph_of
from collector.stanza.problems import OperatorError
from collector.stanza.refiner import DROPPED, Refiner
from collector.testing.work import FakeWork

SECOND = 1_000_000_000
POD = "/var/log/pods/shop_web-7d_49cc7c1fd3702c40b2686ea7486091d3/web/0.log"


class Steps:
    """One receiver's operators, step by step; a restart keeps what is state."""

    def __init__(self, *operators: dict[str, Any]) -> None:
        self.operators, self.work, self.offset = operators, FakeWork(), 0
        self.restart()

    def restart(self) -> None:
        self.refiner = Refiner("file_log", self.operators)

    def step(self, *lines: str, path: str = POD, receiver: str = "file_log") -> LogBatch:
        self.offset += 1
        text = Text(
            "".join(f"{line}\n" for line in lines).encode(),
            attributes={"log.file.path": path},
            keep_leading=True,
            keep_trailing=True,
        )
        entry = Entry(
            "0" * 16, self.offset, "shop", receiver, text.body(), len(lines), 1_700_000_000_000, b"", text=True
        )
        return self.refiner.process(decode([entry]).batch, self.work)

    def bodies(self, *lines: str, **more: Any) -> list[Any]:
        return self.step(*lines, **more).column("body").to_list()

    def later(self, secs: float) -> list[Any]:
        """What goes on by itself after so long."""
        self.work.now_unix_nano += int(secs * SECOND)
        self.work.released.clear()
        self.work.run_due(self.refiner)
        return [body for batch in self.work.released for body in batch.column("body").to_list()]

    @property
    def counts(self) -> dict[str, int]:
        return {outcome: number for (_, outcome), number in self.work.counts.items()}


STACKS = {"type": "recombine", "combine_field": "body", "is_first_entry": 'body matches "^[^ ]"'}


def test_a_stack_goes_on_in_the_next_step_after_a_restart() -> None:
    steps = Steps(STACKS)
    assert steps.bodies("one", "error", " at a") == ["one"]
    steps.restart()
    assert steps.bodies(" at b", "two") == ["error\n at a\n at b"]
    assert steps.later(1) == []
    steps.restart()
    assert steps.later(5) == ["two"]
    assert steps.later(60) == []
    assert steps.work.states["shop"].values == {}
    assert steps.work.timers == {}
    assert steps.counts == {"aggregated": 4, "created": 1}


def test_it_keeps_its_id_its_attributes_and_its_resource() -> None:
    steps = Steps(
        {"type": "add", "field": "resource.service", "value": "shop"},
        {"type": "add", "field": "attributes.map", "value": {"a": [1]}},
        STACKS,
    )
    first = decode(
        [Entry("0" * 16, 1, "shop", "file_log", Text(b"error\n").body(), 1, 1_700_000_000_000, b"", text=True)]
    ).batch
    steps.step("error")
    steps.restart()
    steps.later(6)
    (batch,) = steps.work.released
    assert batch.column("record_id").to_list() == first.column("record_id").to_list()
    assert batch.column("domain").to_list() == ["shop"]
    assert batch.attribute("log.file.path").to_list() == [POD]
    assert batch.resource_attribute("service").to_list() == ["shop"]
    assert batch.attributes["key"].to_list() == ["map"]


def test_files_do_not_mix() -> None:
    steps = Steps(STACKS)
    steps.step("a", path="/a")
    steps.step("b", path="/b")
    assert steps.bodies(" of a", "next", path="/a") == ["a\n of a"]
    assert sorted(steps.later(9)) == ["b", "next"]


def test_more_sources_than_may_be_open() -> None:
    """All of them are ended, those of earlier steps, too; each once."""
    steps = Steps({**STACKS, "max_sources": 3})
    found = [body for number in range(7) for body in steps.bodies(f"{number}", path=f"/{number}")]
    assert sorted(found) == ["0", "1", "2", "3", "4", "5"]
    assert steps.later(9) == ["6"]
    assert steps.work.states["shop"].values == {}


def test_a_step_of_many_records_of_several_lines() -> None:
    """Writing what they say costs each record the same, not each a look at all others."""
    steps = Steps(STACKS)
    assert len(steps.bodies(*[line for number in range(5000) for line in (f"{number}", " more")])) == 4999


def test_what_another_receiver_brought_is_not_touched() -> None:
    steps = Steps({"type": "filter", "expr": "true"})
    assert steps.bodies("one", receiver="file_log/other") == ["one"]
    assert steps.bodies("one") == []


@pytest.mark.parametrize("tag", ["F", "P"])
def test_containers_lines_of_two_streams_in_pieces(tag: str) -> None:
    """Each stream has its own open line; what never ends goes on after a while."""
    steps = Steps({"type": "container"})
    time = "2026-01-01T00:00:00.000000001Z"
    batch = steps.step(
        f"{time} stdout P out", f"{time} stderr P err", f"{time} stdout F put", f"{time} stderr {tag} or"
    )
    assert batch.column("body").to_list() == (["output", "error"] if tag == "F" else ["output"])
    assert batch.column("time_unix_nano")[0] == 1_767_225_600_000_000_001
    assert batch.resource_attribute("k8s.pod.name").to_list() == ["web-7d"] * len(batch)
    steps.restart()
    assert steps.later(6) == ([] if tag == "F" else ["error"])


def test_a_containers_line_over_a_rotation() -> None:
    steps = Steps({"type": "container"})
    time = "2026-01-01T00:00:00Z"
    steps.step(f"{time} stdout P one ", path=POD)
    assert steps.bodies(f"{time} stdout F two", path=POD) == ["one two"]
    rotated = steps.step(f"{time} stdout F three", path=f"{POD}.20260101-000000")
    assert rotated.resource_attribute("k8s.container.name").to_list() == ["web"]


def test_an_entry_of_ten_megabytes_in_pieces() -> None:
    steps = Steps({"type": "container", "max_log_size": "0"})
    piece, time = "x" * 16384, "2026-01-01T00:00:00Z"
    for _ in range(4):
        assert steps.bodies(*[f"{time} stdout P {piece}"] * 160) == []
    (body,) = steps.bodies(f"{time} stdout F end")
    assert body == piece * 640 + "end"


def test_a_containers_line_that_was_split_before_it_came_here(caplog: pytest.LogCaptureFixture) -> None:
    """The receiver's `max_log_size` is below what the runtime writes: the beginning is a line of the container, the rest is none and
    goes on as it is."""
    steps = Steps({"type": "container"})
    batch = steps.step("2026-01-01T00:00:00Z stdout F the beginning, ", '"deployment": {".": {}}', "the end")
    assert sorted(batch.column("body")) == ['"deployment": {".": {}}', "the beginning, ", "the end"]
    assert batch.attribute("log.iostream").drop_nulls().to_list() == ["stdout"]
    assert "failed for 2 records, which are sent on as they are" in caplog.text


def test_a_container_puts_together_no_more_than_it_may() -> None:
    """Its own `max_log_size`: what comes behind that is a record of its own, and no letter is lost."""
    steps = Steps({"type": "container", "max_log_size": 100})
    time = "2026-01-01T00:00:00Z"
    lines = [f"{time} stdout P {letter * 40}" for letter in "abcdef"]
    bodies = [body for line in lines for body in steps.bodies(line)] + steps.bodies(f"{time} stdout F end")
    assert "".join(bodies) == "".join(letter * 40 for letter in "abcdef") + "end"
    assert len(bodies) > 1


def test_formats_of_containers_are_told_apart_and_what_is_none_goes_on_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps = Steps({"type": "container"})
    docker = '{"log":"docker\\n","stream":"stderr","time":"2026-01-01T00:00:00.5Z"}'
    with caplog.at_level(logging.WARNING):
        batch = steps.step(docker, "2026-01-01T02:00:00.5+02:00 stdout F crio", "nonsense", "{}")
    assert sorted(batch.column("body").to_list()) == sorted(["docker", "crio", "nonsense", "{}"])
    times = dict(zip(batch.column("body"), batch.column("time_unix_nano"), strict=True))
    assert times["docker"] == times["crio"] == 1_767_225_600_500_000_000
    assert "operator container failed for 2 records, which are sent on as they are" in caplog.text
    assert "nonsense" not in caplog.text


@pytest.mark.parametrize(
    ("on_error", "left", "told"),
    [("send", 2, True), ("send_quiet", 2, False), ("drop", 1, True), ("drop_quiet", 1, False)],
)
def test_what_can_not_be_done(caplog: pytest.LogCaptureFixture, on_error: str, left: int, told: bool) -> None:
    steps = Steps(
        {"type": "json_parser", "on_error": on_error}, {"type": "add", "field": "attributes.seen", "value": True}
    )
    with caplog.at_level(logging.WARNING):
        batch = steps.step('{"a": 1}', "no json")
    assert batch.attribute_text("seen").to_list() == ["true"] * left
    assert batch.attribute_text("a").to_list() == ["1.0", None][:left]
    assert bool(caplog.text) == told
    assert steps.counts.get(DROPPED, 0) == 2 - left


def test_ways_part_and_meet_again() -> None:
    steps = Steps(
        {"type": "router", "routes": [{"expr": 'body startsWith "{"', "output": "json"}], "default": "plain"},
        {"type": "json_parser", "id": "json", "output": "last"},
        {"type": "add", "id": "plain", "field": "attributes.plain", "value": "yes", "if": 'body != "b"'},
        {"type": "noop", "id": "last"},
    )
    batch = steps.step('{"k": "v"}', "a", "b")
    assert batch.column("body").to_list() == ['{"k": "v"}', "a", "b"]
    assert batch.attribute("k").to_list() == ["v", None, None]
    assert batch.attribute("plain").to_list() == [None, "yes", None]


def test_an_entry_that_goes_two_ways_is_two() -> None:
    steps = Steps(
        {"type": "noop", "output": ["x", "y"]},
        {"type": "add", "id": "x", "field": "attributes.way", "value": "x", "output": "end"},
        {"type": "add", "id": "y", "field": "attributes.way", "value": "y"},
        {"type": "noop", "id": "end"},
    )
    batch = steps.step("one", "two")
    assert sorted(zip(batch.column("body"), batch.attribute("way"), strict=True)) == [
        ("one", "x"),
        ("one", "y"),
        ("two", "x"),
        ("two", "y"),
    ]
    assert batch.column("record_id").n_unique() == 4


@pytest.mark.parametrize(
    ("operators", "why"),
    [
        ([{"type": "nonsense"}], "unsupported type 'nonsense'"),
        ([{"type": "metadata"}], "use add"),
        ([{}], "missing required field 'type'"),
        ([{"type": "noop", "output": "nowhere"}], "'nowhere' is no operator"),
        ([{"type": "noop", "id": "a", "output": "b"}, {"type": "noop", "id": "b", "output": "a"}], "circle"),
        (
            [{"type": "noop", "id": "a"}, {"type": "add", "id": "a", "field": "body", "value": 1}],
            "two operators have the id 'a'",
        ),
        ([{"type": "add", "field": "body.x", "value": "EXPR(body +)"}], "ends too early"),
        ([{"type": "filter", "expr": "nobody == 1"}], "unknown name nobody"),
        ([{"type": "filter", "expr": 'body matches "("'}], "no regular expression"),
        ([{"type": "regex_parser", "regex": "(?P<a>.)", "typo": 1}], "unknown option typo"),
        ([{"type": "recombine", "combine_field": "body"}], "exactly one of"),
    ],
)
def test_what_is_refused(operators: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(OperatorError, match=why):
        graph_of(operators)


def test_keys_of_hostile_lines_are_no_columns() -> None:
    """Each line has keys of its own: they are kept, and cost rows, not columns. None of them names a place."""
    steps = Steps({"type": "json_parser"})
    lines = [f'{{"key{number}": "v", "index": "evil", "n": {number}}}' for number in range(2000)]
    batch = steps.step(*lines)
    assert batch.derived.width < 10
    assert batch.attribute("key1999")[1999] == "v"
    assert batch.attribute("index").to_list() == ["evil"] * 2000
    assert batch.for_routing().attribute("index").null_count() == 2000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('body == "a" and not (body matches "^b")', True), ('body contains "a" or false', True), ("body in ['a', 'b']", True),
        ('body not in ["a"]', False), ('len(body) == 1 ? "x" == "x" : false', True), ("attributes.none == nil", True),
        ('attributes["n"] >= 2 && attributes.n < 4', True), ("attributes.list[1] == 20", True), ("attributes.none?.deeper == nil", True),
        ('(attributes.none ?? "d") == "d"', True), ('hasPrefix(body, "a")', True), ('body | upper() == "A"', True),
        ("any(attributes.list, {# > 15})", True), ("all(attributes.list, # > 15)", False), ("1 + 2 * 3 == 7 and 2 ** 3 == 8", True),
        ('body not startsWith "b"', True), ("-1 < 0", True), ('body endsWith `a`', True), ('"\\x41\\u0042" == "AB"', True),
        ("attributes.map.inner == 'v'", True), ('"a" + body == "aa"', True), ("attributes.list[0:1] == [10]", True),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: bool) -> None:
    from collector.stanza.expressions.expression import Expression
    from collector.stanza.frame import Frame, Table

    columns: dict[str, Any] = {"n": pl.Series([3]), "list": [[10, 20]], "map": [{"inner": "v"}]}
    frame = Frame(pl.Series(["a"]), Table(1, columns), Table(1))
    holds, failed = Expression.of(text).mask(frame, frame.origin)
    assert (bool(holds[0]), bool(failed[0])) == (expected, False)


@pytest.mark.parametrize(
    "text",
    [
        'body == "a"',
        "body != nil",
        'body matches "a+"',
        'body contains "b" and body != "ab"',
        'not (body endsWith "b")',
    ],
)
def test_columns_and_entries_agree(text: str) -> None:
    """Whether a condition is asked of a column or of each entry is the same."""
    from collector.stanza.expressions.expression import Expression
    from collector.stanza.frame import Frame, Table

    values = ["a", "b", "ab", "", "aab", "\u017f"]
    asked = Expression.of(text)
    as_column = asked.mask(Frame(pl.Series(values), Table(6), Table(6)), pl.Series(range(6)).to_numpy())
    as_entries = asked.mask(Frame(list(values), Table(6), Table(6)), pl.Series(range(6)).to_numpy())
    assert as_column[0].tolist() == as_entries[0].tolist()
