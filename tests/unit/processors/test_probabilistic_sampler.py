"""`probabilistic_sampler` decides as the Collector's does: its own tables of cases, record by record and in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch, ValueKind
from collector.component import Context
from collector.testing.work import FakeWork
from processors.probabilistic_sampler import FACTORY
from processors.probabilistic_sampler.randomness import hashed_attribute
from processors.probabilistic_sampler.thresholds import threshold_of, write_threshold

TRACE = "fefefefefefefefefe80000000000000"
PRIORITY = {"sampling_priority": "priority"}


def _sampled(options: dict[str, Any], batch: LogBatch) -> tuple[LogBatch, FakeWork]:
    processor, work = FACTORY.create(FACTORY.config.model_validate(options), Context("sampler", Path())), FakeWork()
    return processor.process(batch, work), work


def _fnv(data: bytes, seed: int) -> int:
    found = 2166136261
    for byte in seed.to_bytes(4, "little") + data:
        found = (found ^ byte) * 16777619 % (1 << 32)
    return found


def _hundred() -> LogBatch:
    """Records with trace ids that repeat a byte, the first without one; half with `foo` and `bar`, a quarter with a priority."""
    ids = [bytes(8) + bytes([i]) * 8 for i in range(100)]
    even = [i % 2 == 0 for i in range(100)]
    attributes = {
        "rando": [_fnv(one, 123) for one in ids],
        "foo": [one if there else None for one, there in zip(ids, even, strict=True)],
        "bar": [(one.hex() if any(one) else "") if there else None for one, there in zip(ids, even, strict=True)],
        "priority": [100.0 if i % 4 == 0 else None for i in range(100)],
    }
    return LogBatch.of({"trace_id": [b"" if not any(one) else one for one in ids], "domain": ["d"] * 100}, attributes)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"sampling_percentage": 100, "fail_closed": False}, 100),
        ({"sampling_percentage": 0}, 0),
        ({"sampling_percentage": 50, "mode": "hash_seed"}, 45),
        ({"sampling_percentage": 0, "attribute_source": "record", "from_attribute": "foo"}, 0),
        (
            {"sampling_percentage": 100, "attribute_source": "record", "from_attribute": "foo", "fail_closed": False},
            100,
        ),
        ({"sampling_percentage": 50, "attribute_source": "record", "from_attribute": "foo"}, 23),
        ({"sampling_percentage": 50, "attribute_source": "record", "from_attribute": "bar"}, 29),
        ({"sampling_percentage": 0, "attribute_source": "record", "from_attribute": "rando", **PRIORITY}, 25),
        ({"sampling_percentage": 50, "attribute_source": "record", "from_attribute": "rando", **PRIORITY}, 64),
        ({"sampling_percentage": 100, "attribute_source": "record", "from_attribute": "rando", **PRIORITY}, 100),
        ({"sampling_percentage": 0, **PRIORITY}, 25),
        ({"sampling_percentage": 50, **PRIORITY}, 57),
        ({"sampling_percentage": 100, **PRIORITY}, 100),
    ],
)
def test_as_many_are_kept_as_by_the_collector(options: dict[str, Any], kept: int) -> None:
    """The very numbers of its tests; what is not kept is counted."""
    done, work = _sampled(options, _hundred())
    assert len(done) == kept
    assert sum(work.counts.values()) == 100 - kept


def _randomness(data: bytes, seed: int) -> str:
    batch = LogBatch.of({"body": [""]}, {"k": [data]})
    return f"{int(hashed_attribute(batch, 'k', seed)[0]):014x}"


@pytest.mark.parametrize(
    ("options", "trace", "attributes", "expected"),
    [
        ({"sampling_percentage": 100, "mode": "proportional"}, TRACE, {"a": "b"}, {"sampling.threshold": "0", "a": "b"}),
        (
            {"sampling_percentage": 100, "mode": "hash_seed", "hash_seed": 22}, TRACE, {},
            {"sampling.threshold": "0", "sampling.randomness": _randomness(bytes.fromhex(TRACE), 22)},
        ),
        (
            {"sampling_percentage": 100, "attribute_source": "record", "from_attribute": "v", "hash_seed": 49}, "", {"v": "1234"},
            {"sampling.threshold": "0", "sampling.randomness": _randomness(b"1234", 49), "v": "1234"},
        ),
        ({"sampling_percentage": 0}, TRACE, {}, None),
        (
            {"sampling_percentage": 0, "sampling_priority": "v", "sampling_precision": 6}, TRACE,
            {"sampling.randomness": "e6147c00000000", "v": 10.125},
            {"sampling.randomness": "e6147c00000000", "sampling.threshold": "e6147b", "v": 10.125},
        ),
        (
            {"sampling_percentage": 50, "mode": "proportional"}, "fefefefefefefefefef0000000000000", {"sampling.threshold": "c"},
            {"sampling.threshold": "e"},
        ),
        (
            {"sampling_percentage": 50, "mode": "equalizing"}, "fefefefefefefefefeb0000000000000", {"sampling.threshold": "c"}, None,
        ),
        (
            {"sampling_percentage": 50, "mode": "equalizing", "fail_closed": False}, "fefefefefefefefefeb0000000000000",
            {"sampling.threshold": "c"}, {"sampling.threshold": "0"},
        ),
        (
            {"sampling_percentage": 50, "mode": "equalizing", "sampling_priority": "prio"}, "fe" * 16,
            {"sampling.threshold": "c", "prio": 37}, {"sampling.threshold": "c", "prio": 37},
        ),
        (
            {"sampling_percentage": 100, "mode": "hash_seed", "fail_closed": False}, TRACE, {"sampling.randomness": "f2341234123412"},
            {"sampling.randomness": "f2341234123412"},
        ),
        ({"sampling_percentage": 100, "mode": "hash_seed"}, TRACE, {"sampling.randomness": "f2341234123412"}, None),
        ({"sampling_percentage": 100, "mode": "proportional"}, TRACE, {"sampling.threshold": "no"}, None),
        ({"sampling_percentage": 100, "sampling_priority": "prio"}, TRACE, {"prio": 0}, None),
        ({"sampling_percentage": 50, "mode": "proportional"}, TRACE, {}, {"sampling.threshold": "8"}),
        ({"sampling_percentage": 49, "mode": "proportional"}, TRACE, {}, None),
    ],
)  # fmt: skip
def test_one_record(
    options: dict[str, Any], trace: str, attributes: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    """Whether it is kept, and what it says then."""
    batch = LogBatch.of({"trace_id": [bytes.fromhex(trace)]}, {key: [value] for key, value in attributes.items()})
    done, _ = _sampled(options, batch)
    assert len(done) == (expected is not None)
    if expected is not None:
        kinds = {str: ValueKind.STRING, int: ValueKind.INT, float: ValueKind.DOUBLE}
        assert set(done.all_attributes().get_column("key")) == set(expected)
        assert {key: done.attribute(key, kinds[type(value)])[0] for key, value in expected.items()} == expected


@pytest.mark.parametrize("mode", ["hash_seed", "equalizing", "proportional"])
@pytest.mark.parametrize("source", ["record", "traceID"])
@pytest.mark.parametrize(("percentage", "closed", "kept"), [(0, True, 0), (50, True, 0), (100, True, 0), (0, False, 0), (50, False, 1), (100, False, 1)])  # fmt: skip
def test_without_randomness(mode: str, source: str, percentage: float, closed: bool, kept: int) -> None:
    """No trace id, and an attribute that is empty."""
    options = {
        "sampling_percentage": percentage, "mode": mode, "fail_closed": closed, "attribute_source": source, "from_attribute": "unused",
    }  # fmt: skip
    done, work = _sampled(options, LogBatch.of({"domain": ["d"], "trace_id": [b""]}, {"unused": [""]}))
    assert len(done) == kept
    assert set(work.counts) == (
        set() if kept else {("d", "dropped:no_randomness" if percentage else "dropped:sampled")}
    )


@pytest.mark.parametrize(
    ("probability", "precision", "written"),
    [(1.0, 4, "0"), (0.5, 4, "8"), (0.25, 4, "c"), (0.1, 4, "e666"), (0.1, 14, "e6666666666666"), (0.999, 4, "004189"), (0.001, 4, "ffbe"), (0.001, 3, "ffc")],
)  # fmt: skip
def test_thresholds_have_significant_digits(probability: float, precision: int, written: str) -> None:
    """Leading digits that say nothing are not counted where little is rejected."""
    assert write_threshold(threshold_of(probability, precision)) == written


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"sampling_percentage": -1}, "negative"),
        ({"sampling_percentage": float("inf")}, "invalid"),
        ({"sampling_percentage": 1e-16}, "too small"),
        ({"sampling_precision": 0}, "invalid sampling precision"),
        ({"sampling_precision": 15}, "less than or equal to 14"),
        ({"mode": "other"}, "hash_seed"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], problem: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=problem):
        FACTORY.config.model_validate(options)
