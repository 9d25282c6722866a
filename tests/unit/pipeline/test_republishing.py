"""An owner tells a store all again, once and in pieces, when the store is new, empty, or an older copy; whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch, concat
from collector.component import KeepsTables, Republishes, StoreMark, Work
from collector.pipeline.pipeline import Pipeline
from collector.pipeline.timed import AGAIN
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from counterparts.partition_bench import PartitionBench

MakePipeline = Callable[..., Pipeline]
MS = 1_000_000
LOOK_MS = 2000


class Owner:
    """`subject=text` describes a deployment anew; it keeps (version, text) of each and tells them again by twos."""

    takes_events = ("logboom.none",)

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        for at, (body, domain) in enumerate(zip(batch.column("body"), batch.column("domain"), strict=True)):
            subject, _, text = body.partition("=")
            if text:
                before = int((work.state(domain).get(subject.encode()) or b"0 ").split(b" ")[0])
                version = max(before + 1, work.now_unix_nano // MS)
                work.state(domain).put(subject.encode(), f"{version} {text}".encode())
                work.emit("logboom.deployment", snapshot(subject, version, text), parents=_position(at))
        return batch

    def republish(self, domain: str, after: bytes, work: Work) -> bytes | None:
        self.asked.append((domain, after))
        found = [(name, value) for name, value in work.state(domain).scan(b"") if name > after]
        for name, value in found[:2]:
            version, _, text = value.decode().partition(" ")
            work.emit("logboom.deployment", snapshot(name.decode(), int(version), text))
        return found[1][0] if len(found) > 2 else None


def _position(at: int) -> Any:
    return pl.Series([at], dtype=pl.UInt32)


def snapshot(subject: str, version: int, text: str) -> LogBatch:
    return LogBatch.of(
        {"body": [text]},
        {"logboom.deployment.id": [subject], "logboom.version": [version], "service.version": [text]},
    )


class Stores:
    """What exporters say of their stores, to be changed."""

    def __init__(self, **stores: Mapping[str, StoreMark]) -> None:
        self.marks: dict[str, Mapping[str, StoreMark]] = dict(stores)

    def __call__(self) -> Mapping[str, Mapping[str, StoreMark]]:
        return self.marks


def steps(bench: PartitionBench, pipeline: Pipeline, count: int = 8) -> None:
    for _ in range(count):
        bench.clock.unix_ms += LOOK_MS
        pipeline._republishing._looked_at = float("-inf")  # a second went by
        pipeline.step()


def told(bench: PartitionBench) -> list[tuple[str, str]]:
    """(subject, text) of the events that wait, which then are delivered; ids are unique."""
    content = [entry.content for entry in bench.deliverable() if isinstance(entry.content, LogBatch)]
    bench.drain()
    if not content:
        return []
    batch = concat(content)
    assert batch.generation is not None or not len(batch)
    assert batch.column("record_id").n_unique() == len(batch)
    made = batch.filter(batch.column("event_name") == "logboom.deployment")
    return list(zip(made.attribute("logboom.deployment.id"), made.attribute("service.version"), strict=True))


A, B = StoreMark("a", 5), StoreMark("b", 0)
ALL = [("x", "1"), ("y", "2"), ("z", "3")]


def filled(bench: PartitionBench, make_pipeline: MakePipeline, stores: Stores) -> tuple[Pipeline, Owner]:
    """Three subjects in a domain and one in another, told to the store."""
    owner = Owner()
    pipeline = make_pipeline({"marks": stores}, owner=owner)
    steps(bench, pipeline, 1)
    bench.put("x=1", "y=2", "z=3")
    bench.put("w=4", domain="b.example")
    steps(bench, pipeline)
    assert sorted(told(bench)) == [("w", "4"), *ALL]
    assert owner.asked == []
    return pipeline, owner


CHANGES: dict[str, tuple[Mapping[str, StoreMark], str]] = {
    "the same": ({"": A}, ""),
    "more changes": ({"": StoreMark("a", 9)}, ""),
    "not open yet": ({}, ""),
    "another store": ({"": B}, "w x y z"),
    "an older copy": ({"": StoreMark("a", 4)}, "w x y z"),
    "an empty copy": ({"": StoreMark("a", 0)}, "w x y z"),
    "one of a domain's own": ({"": A, "b.example": B}, "w"),
    "one of an unknown domain": ({"": A, "c.example": B}, ""),
    "both": ({"": B, "b.example": B}, "w x y z"),
}


@pytest.mark.parametrize(("marks", "again"), CHANGES.values(), ids=CHANGES)
def test_a_store_that_lacks_something_is_told_once(
    bench: PartitionBench, make_pipeline: MakePipeline, marks: Mapping[str, StoreMark], again: str
) -> None:
    """All of it, each subject once, and never again for the same store."""
    stores = Stores(sqlite={"": A})
    pipeline, _ = filled(bench, make_pipeline, stores)
    stores.marks["sqlite"] = marks
    for expected in (again.split(), []):
        steps(bench, pipeline)
        assert sorted(subject for subject, _ in told(bench)) == expected
    bench.reopen()
    pipeline = make_pipeline({"marks": stores}, owner=Owner())
    steps(bench, pipeline)
    assert told(bench) == []


def test_it_comes_in_pieces_each_in_a_step_of_its_own(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """The second piece begins behind the first; the next domain is due a moment later."""
    stores = Stores(sqlite={"": A})
    pipeline, owner = filled(bench, make_pipeline, stores)
    stores.marks["sqlite"] = {"": B}
    steps(bench, pipeline)
    assert owner.asked == [("a.example", b""), ("a.example", b"y"), ("b.example", b"")]


def test_two_stores_are_each_told_and_one_more_asks_for_itself(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    stores = Stores(sqlite={"": A})
    pipeline, _ = filled(bench, make_pipeline, stores)
    stores.marks["d1"] = {"": B}
    steps(bench, pipeline)
    assert len(told(bench)) == 4
    stores.marks = {"d1": {"": B}}
    steps(bench, pipeline)
    assert told(bench) == []


@pytest.mark.parametrize("dies_at", range(6))
def test_a_death_anywhere_neither_loses_nor_doubles(
    bench: PartitionBench, make_pipeline: MakePipeline, dies_at: int
) -> None:
    """Between any two steps, and in a commit: asked for once, told once."""
    stores = Stores(sqlite={"": A})
    pipeline, _ = filled(bench, make_pipeline, stores)
    stores.marks["sqlite"] = {"": B}
    steps(bench, pipeline, dies_at)
    crashing = iter([True])

    def at(point: str) -> None:
        if point == "commit:middle" and next(crashing, False):
            raise KeyboardInterrupt

    bench.reopen(at=at)
    pipeline = make_pipeline({"marks": stores}, owner=Owner())
    with contextlib.suppress(KeyboardInterrupt):
        steps(bench, pipeline, 1)
    bench.reopen()
    pipeline = make_pipeline({"marks": stores}, owner=Owner())
    steps(bench, pipeline)
    assert sorted(told(bench)) == [("w", "4"), *ALL]


def test_without_owners_nothing_is_asked_or_kept(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    asked: list[int] = []
    pipeline = make_pipeline({"marks": lambda: asked.append(1) or {"sqlite": {"": A}}})
    steps(bench, pipeline)
    assert asked == []


def test_growth_is_noted_once_a_minute(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Each note is a commit: a store that changes each second is no reason for one each second."""
    stores = Stores(sqlite={"": A})
    pipeline, _ = filled(bench, make_pipeline, stores)
    before = bench.ledger.applied("logs")
    stores.marks["sqlite"] = {"": StoreMark("a", 6)}
    steps(bench, pipeline)
    assert bench.ledger.applied("logs") == before
    pipeline._republishing._noted_at -= 60
    steps(bench, pipeline)
    assert bench.ledger.applied("logs") != before


def test_stores_that_agree_ask_for_no_step(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Only a store that says something else is compared again."""
    stores = Stores(sqlite={"": A})
    pipeline, _ = filled(bench, make_pipeline, stores)
    assert pipeline.secs_to_next == math.inf
    stores.marks["sqlite"] = {"": B}
    assert pipeline.secs_to_next <= 1
    steps(bench, pipeline)
    assert pipeline.secs_to_next == math.inf


def test_a_component_can_t_name_a_due_time_like_the_core(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    class Sly:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            with pytest.raises(ValueError, match="are the core's"):
                work.wake("a.example", AGAIN, 1)
            return batch

    pipeline = make_pipeline(sly=Sly())
    bench.put("x")
    assert pipeline.step() == 1
    assert bench.drain() == ["x"]


def test_a_wiped_store_and_a_wiped_directory_end_with_the_same_rows(
    bench: PartitionBench, make_pipeline: MakePipeline, tmp_path: Any
) -> None:
    """The real store: filled, deleted, filled again by its owner; then an owner that has lost its memory goes on above it."""
    path = tmp_path / "store.db"
    store = EmbeddedStore(path)
    store.open()

    def marks() -> Mapping[str, Mapping[str, StoreMark]]:
        return {"sqlite": {"": store.mark}} if store.mark else {}

    def deliver() -> None:
        for entry in bench.deliverable():
            assert isinstance(entry.content, LogBatch)
            store.insert(rows(entry.content, Limits()), described(entry.content, 1024))
        bench.drain()

    def shown() -> list[Any]:
        return store.select("SELECT deployment_id, service_version FROM deployments ORDER BY 1")

    pipeline = make_pipeline({"marks": marks}, owner=Owner())
    bench.put("x=1", "y=2", "x=3", "z=4")
    for _ in range(3):
        steps(bench, pipeline)
        deliver()
    assert shown() == [("x", "3"), ("y", "2"), ("z", "4")]
    store.close()
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    store.open()
    assert shown() == []
    for _ in range(3):
        steps(bench, pipeline)
        deliver()
    assert shown() == [("x", "3"), ("y", "2"), ("z", "4")]
    for domain in bench.ledger.domains("owner"):  # its memory is gone
        names = [name for name, _ in bench.ledger.state("owner", domain).scan(b"")]
        forget = {("owner", domain, name): None for name in names}
        bench.put("nothing")
        bench.step(state=forget)
    bench.drain()
    bench.put("x=5")
    steps(bench, pipeline)
    deliver()
    assert shown() == [("x", "5"), ("y", "2"), ("z", "4")]
    store.close()


def test_powers_are_seen_at_run_time() -> None:
    assert isinstance(Owner(), Republishes)
    assert not isinstance(Stores(), KeepsTables)
