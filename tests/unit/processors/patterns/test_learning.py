"""Patterns are found while they are said: what turns out to be one keeps the id of the oldest, over restarts and steps that were given up."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

import orjson
import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context
from collector.testing.row_batch import Row, batch_of
from collector.testing.text_batch import text_batch
from collector.testing.work import FakeWork
from processors.patterns import FACTORY
from processors.patterns import book as books
from processors.patterns.entry import Entry
from processors.patterns.masks import pattern_id
from processors.patterns.processor import ID, TEMPLATE, Patterns
from processors.patterns.telling import KIND

NAMES = ["anna", "bert", "carla", "dora", "emil", "frida", "gustav", "hanna", "ida", "jan", "karl", "lena"]


def component() -> Patterns:
    made = FACTORY.create(FACTORY.config(), Context("patterns", None))
    assert isinstance(made, Patterns)
    return made


def said(
    bodies: Sequence[str], work: FakeWork, patterns: Patterns, level: str = "info", domain: str = "a.com"
) -> list[str]:
    """The ids."""
    batch = text_batch(bodies, domain)
    levels = pl.Series([level] * len(bodies))
    found: list[str] = (
        patterns.process(batch.with_attributes({"logboom.triage.level": levels}), work).attribute(ID).to_list()
    )
    return found


def templates(patterns: Patterns, domain: str = "a.com") -> dict[str, int]:
    book = patterns._books[domain]
    return {entry.template: book.numbers.count(entry.slot) for entry in book.learning.entries.values()}


MERGED = {
    "5 words": ([f"the {name} sleeps well today" for name in NAMES[:5]], ["the <*> sleeps well today"]),
    "4 words": ([f"the {name} sleeps well today" for name in NAMES[:4]], None),
    "names of users": ([f"session closed for user {name}" for name in NAMES[:3]], ["session closed for user <*>"]),
    "what becomes of a user": ([f"session of user {what} at once" for what in ("created", "deleted", "is", "closing")], None),
    "a wildcard among them": (["peer 7 left the room", "peer anna left the room"], ["peer <*> left the room"]),
    "names of things": (["cannot load module net.core", "cannot load module fs_ext"], ["cannot load module <*>"]),
    "what fails": (["job-7 failed", "backup failed", "restore failed"], ["<*> failed", "backup failed", "restore failed"]),
    "what a program knows": (["state is now TASK_ABORT", "state is now TASK_START"], None),
    "in quotes": ([f"station '{name}' unknown" for name in NAMES[:3]], ["station '<*>' unknown"]),
    "values in brackets": (["[find][by name][Name: anna]", "[find][by name][Name: bert]"], ["[find][by name][Name: <*>]"]),
    "one word": (NAMES, None),
    "leading words": ([f"{name} sleeps well today" for name in NAMES[:10]], ["<*> sleeps well today"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MERGED)
def test_texts_that_differ_in_one_place_are_one_pattern_when_it_varies(name: str) -> None:
    bodies, expected = MERGED[name]
    patterns = component()
    said(bodies, FakeWork(), patterns)
    assert sorted(templates(patterns)) == sorted(expected or bodies)


def test_the_oldest_id_stays_and_new_names_need_no_pattern() -> None:
    """In one place, then in another; an id that was given out leads to the one that took it."""
    patterns, work = component(), FakeWork()
    first = said(["user anna logged in from mars"], work, patterns)[0]
    for name in NAMES:
        said([f"user {name} logged in from mars"], work, patterns)
    assert set(said([f"user {name} logged in from mars" for name in ("zoe", *NAMES)], work, patterns)) == {first}
    assert templates(patterns) == {"user <*> logged in from mars": 1 + 12 + 13}
    told = [emitted.records for emitted in work.emitted if emitted.rule == "merged"]
    gone = {
        gone: kept
        for batch in told
        for gone, kept in zip(batch.attribute(ID), batch.attribute("logboom.pattern.merged_into"), strict=True)
    }
    assert set(gone.values()) == {first}
    assert pattern_id("user bert logged in from mars") in gone


def test_a_restart_and_a_step_that_was_given_up_change_nothing() -> None:
    """What is in memory follows the state: ids, numbers and templates are those of a process that never failed."""
    rng = random.Random(3)
    batches = [
        [f"user {rng.choice(NAMES)} bought {rng.randrange(99)} of {rng.choice(NAMES)}" for _ in range(40)]
        for _ in range(12)
    ]
    steady, steady_work, work = component(), FakeWork(), FakeWork()
    other = component()
    for number, bodies in enumerate(batches):
        if number % 3 == 1:
            other = component()
        if number % 4 == 2:  # its changes are lost, as when the step fails behind it
            before = copy.deepcopy(work.states)
            said([f"something else {name}" for name in NAMES], work, other)
            work.states = before
        assert said(bodies, work, other) == said(bodies, steady_work, steady)
    assert templates(other) == templates(steady)


def test_a_rare_form_joins_a_frequent_pattern_of_the_same_loudness() -> None:
    """Its wildcard may stand for several words; what is loud stands on its own."""
    for level, patterns_left in (("info", 1), ("critical", 2)):
        patterns, work = component(), FakeWork()
        for n in range(20):
            said([f"upload of part {n} by host{n} done"] * 10, work, patterns)
        rare = said(["upload of part the very last by anna done"], work, patterns, level)[0]
        assert len(templates(patterns)) == patterns_left
        assert (rare == pattern_id("upload of part <*> by <*> done")) == (level == "info")


def test_domains_know_nothing_of_each_other() -> None:
    patterns, work = component(), FakeWork()
    bodies = [f"the {name} sleeps well today" for name in NAMES[:5]]
    domains = [f"{n}.com" for n in range(5)]
    batch = patterns.process(text_batch(bodies * 5, [domain for domain in domains for _ in bodies][: 5 * 5]), work)
    assert len(set(batch.attribute(ID))) == 1
    said(bodies[:1], work, patterns, domain="other.com")
    assert templates(patterns, "other.com") == {bodies[0]: 1}


SPECIAL = {
    "a template of the program": ({"message_template": ["User {name} has {n} items"] * 2}, ["User anna has 3 items", "whatever"], "User <*> has <*> items"),
    "of .NET": ({"{OriginalFormat}": ["Order {0} paid"] * 2}, ["Order 1 paid", "Order x paid"], "Order <*> paid"),
    "of printf": ({"log.template": ["disk %s is %5.1f%% full"] * 2}, ["", "b"], "disk <*> is <*>% full"),
    "objects": ({}, ['{"a": 1, "b": {"c": "x"}}', '{"a": "y", "b": {"c": 7}}'], "{a: <*>, b.c: <*>}"),
    "objects with a message": ({}, ['{"level":"info","msg":"took 3 ms"}', '{"msg":"took 4 s","x":1}'], "took <*>"),
    "Serilog": ({}, ['{"@mt":"took {ms}","@m":"took 3"}', '{"@mt":"took {ms}","@m":"took long"}'], "took <*>"),
    "exceptions": (
        {},
        [f"java.lang.IllegalStateException: order {n}\n\tat shop.Order.pay(Order.java:{n})\n\tat shop.Cart.sum(Cart.java:9)" for n in "ab"],
        "java.lang.IllegalStateException at shop.Order.pay at shop.Cart.sum",
    ),
    "tracebacks": (
        {},
        [f'Traceback (most recent call last):\n  File "/x/{n}.py", line 3, in main\n    f()\n  File "y.py", line {n}, in f\nValueError: bad {n}' for n in (1, 2)],
        "ValueError at f at main",
    ),
    "a first line with a trace behind it": ({}, ["query 7 failed\njava.lang.Error: x\n\tat a.b(C.java:1)", "query 8 failed"], "query <*> failed"),
    "nothing but a name": ({"event": [None, None]}, [None, None], "user.login"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
def test_what_a_program_says_of_itself_beats_its_text(name: str) -> None:
    attributes, bodies, expected = SPECIAL[name]
    sent = {key: pl.Series(values, dtype=pl.String) for key, values in attributes.items()}
    fields = {
        "body": bodies,
        "domain": ["a.com"] * 2,
        "event_name": ["user.login" if body is None else "" for body in bodies],
    }
    batch = LogBatch.of(fields).with_attributes(sent)
    rows = batch.all_attributes()
    found = component().process(
        LogBatch(**{**_parts(batch), "attributes": rows, "derived": pl.DataFrame()}), FakeWork()
    )
    assert found.attribute(TEMPLATE).to_list() == [expected, expected]
    assert found.attribute(ID).n_unique() == 1


def at_line(bodies: Sequence[str], lines: Sequence[int]) -> LogBatch:
    """Records that say where in the code they were written."""
    rows = [
        Row(
            f"r{n:02}",
            [("code.file.path", "shop/pay.py"), ("code.line.number", line)],
            fields={"body": body, "domain": "a.com"},
        )
        for n, (body, line) in enumerate(zip(bodies, lines, strict=True))
    ]
    return batch_of(rows)


def test_what_one_place_in_the_code_says_is_one_pattern() -> None:
    """Also with two names, which texts alone keep apart; not where it passes on what others say; the same words of another place are the
    same pattern; over a restart."""
    patterns, work = component(), FakeWork()
    batch = at_line(
        [
            "paying order of anna now",
            "paying order of bert now",
            "starting up all the engines",
            "paying order of carla now",
        ],
        [7, 7, 7, 9],
    )
    for processor in (patterns, component()):
        one, two, other, elsewhere = processor.process(batch, work).attribute(ID).to_list()
        assert (one == two, one == other, one == elsewhere) == (True, False, True)
    assert sorted(templates(patterns)) == ["paying order of <*> now", "starting up all the engines"]
    assert said(["paying order of emil now"], work, component()) == [one]


def _parts(batch: LogBatch) -> dict[str, pl.DataFrame]:
    return {name: getattr(batch, name) for name in LogBatch.__slots__}


def test_what_an_older_version_kept_is_understood() -> None:
    """The first encoding, byte for byte: places in the code came later."""
    kept = (
        b'[1,"user <*> of mars left",[3],"text","shop","Door",["00000000000000aa"],["user 7 of mars left"],'
        b'[2,["int",{"7":2},"80",7.0,7.0],["word",{"mars":2},"1",null,null]],10,5,9,3,1]'
    )
    entry = Entry.decoded(kept)
    assert (entry.id, entry.template) == (pattern_id("user <*> of mars left"), "user <*> of <*> left")
    assert (entry.aliases, entry.service, entry.told, entry.version, entry.born, entry.places) == (
        ["00000000000000aa"],
        "shop",
        10,
        9,
        3,
        [],
    )
    assert [(one.kind, one.top, one.least) for one in entry.looks.parameters()] == [
        ("int", [("7", 2)], 7.0),
        ("word", [("mars", 2)], None),
    ]
    assert Entry.decoded(entry.encoded()).encoded() == entry.encoded()


# --- bounds -----------------------------------------------------------------------------------------------------------------


def sentences(count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return [" ".join("".join(rng.choices("abcdefghij", k=6)) for _ in range(7)) for _ in range(count)]


def test_a_full_book_forgets_what_tells_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than its bound; what is loud or frequent stays; a quarter goes in an hour at most, then new texts are `<*>`."""
    monkeypatch.setattr(books.Book.__init__, "__defaults__", (100,))
    patterns, work = component(), FakeWork()
    loud = said(["the disk is on fire now"], work, patterns, "critical")
    often = said(["a frequent line without numbers"] * 50, work, patterns)
    for number in range(6):
        said(sentences(50, number), work, patterns)
        assert len(templates(patterns)) <= 101
    assert said(["the disk is on fire now", "a frequent line without numbers"], work, patterns) == [loud[0], often[0]]
    assert templates(patterns)["<*>"] > 150
    assert sum(templates(patterns).values()) < 1 + 50 + 300 + 2  # the numbers of what was forgotten are gone


def test_above_its_budget_a_domain_forgets_patterns() -> None:
    patterns, work = component(), FakeWork()
    said(sentences(400), work, patterns)
    held = sum(map(len, work.states["a.com"].values.values()))
    work.states["a.com"].excess = held // 2
    said(["one more text"], work, patterns)
    assert sum(map(len, work.states["a.com"].values.values())) < 0.7 * held
    assert component().process(text_batch(["one more text"], "a.com"), work).attribute(ID)[0] is not None


def test_a_flood_of_new_texts_is_paid_from_what_records_bring(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be paid is `<*>`, and learned when there is less of it."""
    monkeypatch.setattr(books, "MOST_CREDIT", 800)
    patterns, work = component(), FakeWork()
    flood = said(sentences(2000), work, patterns)
    assert flood.count(pattern_id("<*>")) > 1500
    assert said(["a quiet line"] * 40, work, patterns)[0] == pattern_id("a quiet line")


# --- what is told -------------------------------------------------------------------------------------------------------------


def test_stores_are_told_of_what_is_new_and_grew() -> None:
    """At once, then with ten times as many; levels, times, samples and what stood in the places."""
    patterns, work = component(), FakeWork()
    said(["upload 7 took 12 ms"], work, patterns)
    for n in range(9):
        said([f"upload {n} took {n} ms"], work, patterns, "warning" if n < 2 else "info")
    assert [(each.kind, each.parents.to_list()) for each in work.emitted] == [(KIND, [0])] * 2  # type: ignore[union-attr]
    one, ten = (each.records for each in work.emitted)
    assert one.derived.get_column("logboom.pattern.count")[0] == 1
    told = {key: ten.derived.get_column(key)[0] for key in ten.derived.columns}
    assert told["logboom.pattern.template"] == "upload <*> took <*>"
    assert told["logboom.pattern.count"] == 10
    assert orjson.loads(told["logboom.pattern.levels"]) == {"warning": 2, "info": 8}
    assert told["logboom.triage.level"] == "warning"
    assert "upload 7 took 12 ms" in orjson.loads(told["logboom.pattern.samples"])
    numbers, durations = orjson.loads(told["logboom.pattern.parameters"])["wildcards"]
    assert (numbers["kind"], durations["kind"]) == ("int", "duration")
    assert numbers["least"] <= numbers["most"]


def test_a_new_store_is_told_all() -> None:
    patterns, work = component(), FakeWork()
    said([f"{' '.join(NAMES[:n])} over" for n in range(1, 12)] + sentences(150), work, patterns)
    work.emitted.clear()
    after: bytes | None = b""
    pieces = 0
    while after is not None:
        after, pieces = component().republish("a.com", after, work), pieces + 1
    ids = [one for each in work.emitted for one in each.records.attribute(ID)]
    assert len(ids) == len(set(ids)) == len(templates(patterns))
    assert pieces == 2
