"""What components keep of a person goes, whatever they keep it as; the rest of it stays as it was."""

from __future__ import annotations

import msgpack
import orjson
import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context, Erasure, Subject
from collector.component.forgetting import forget_in, in_json, in_msgpack
from collector.samples import batch_of
from collector.testing.work import FakeWork, MemoryState
from processors.issues.config import IssuesConfig
from processors.issues.processor import Issues
from processors.issues.shelf import Shelf
from processors.patterns.config import PatternsConfig
from processors.patterns.processor import Patterns

SHE, HE = "anna77", "bert55"
ERASURE = Erasure("e", "default", Subject(("user.id",), SHE), (1 << 62) - 1)
COUNTS = Erasure("e", "default", Subject(("user.id",), SHE), (1 << 62) - 1, counts_only=True)


def errors(*people: str) -> LogBatch:
    """With a person in the text, the message and an attribute."""
    batch = batch_of([each for who in people for each in _errors(who)])
    return batch.with_attributes({"logboom.triage.level": pl.Series(["critical"] * len(batch))})


def _errors(who: str) -> list[dict[str, object]]:
    said = {
        "exception.type": "ValueError",
        "exception.message": f"no seat for {who}",
        "user.id": who,
        "logboom.triage.level": "critical",
    }
    return [{"body": f"order {n} of {who} failed", "severity": "ERROR", "attributes": said} for n in range(4)]


def kept(work: FakeWork) -> str:
    return "\n".join(f"{name!r} {value!r}" for name, value in sorted(work.state("default").scan(b"")))


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: Patterns(PatternsConfig(), Context("patterns", None)), id="patterns"),
        pytest.param(lambda: Issues(IssuesConfig(), Context("issues", None)), id="issues"),
    ],
)
def test_a_processor_forgets_her_and_goes_on(made: object) -> None:
    component, work = made(), FakeWork()
    component.process(errors(SHE, HE), work)
    before = kept(work)
    assert SHE in before

    counted = component.forget(COUNTS, work)
    assert kept(work) == before
    assert component.forget(ERASURE, work) == counted > 0

    assert SHE not in kept(work)
    assert component.forget(ERASURE, work) == 0
    component.process(errors(HE), work)
    assert SHE not in kept(work)


def test_an_issue_stays_an_issue() -> None:
    component, work = Issues(IssuesConfig(), Context("issues", None)), FakeWork()
    component.process(errors(SHE), work)
    [before] = Shelf(work.state("default")).all()
    component.forget(ERASURE, work)
    [now] = Shelf(work.state("default")).all()

    assert (now.id, now.events, now.state, now.level) == (before.id, before.events, before.state, before.level)


def test_values_are_changed_where_they_hold_her_and_names_go() -> None:
    state = MemoryState({})
    packed = msgpack.packb(["x", {"note": f"for {SHE}"}])
    for name, value in {
        b"json": orjson.dumps({"state": SHE, "text": f"for {SHE}"}), b"other": orjson.dumps(["bert"]), b"packed": packed,
        b"versioned": b"\1" + packed, b"\xff\xfe": b"\xff", b"of anna77": b"1",
    }.items():  # fmt: skip
        state.put(name, value)

    assert forget_in(state, ERASURE, lambda subject: in_json(subject, spared=("state",))) == 2
    assert forget_in(state, ERASURE, in_msgpack, b"packed") == 1
    assert forget_in(state, ERASURE, lambda subject: in_msgpack(subject, 1), b"versioned") == 1

    assert orjson.loads(state.get(b"json") or b"") == {"state": SHE, "text": "for ***"}
    assert msgpack.unpackb(state.get(b"packed") or b"") == ["x", {"note": "for ***"}]
    assert (state.get(b"versioned") or b"")[1:] == state.get(b"packed")
    assert (state.get(b"other"), state.get(b"\xff\xfe"), state.get(b"of anna77")) == (b'["bert"]', b"\xff", None)
