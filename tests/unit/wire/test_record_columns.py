"""What is written a column at a time says the same as what ptars writes, in frames made group by group or at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.samples import batch_of
from otlp_wire import any_from_python, encode, encoding, record_columns
from otlp_wire.messages import ExportLogsServiceRequest

SIZES = (0, 1, 117, 118, 119, 120, 127, 128, 129, 16_370, 16_383, 16_384, 16_385)
NUMBERS = [0, 1, -1, 127, 128, 1 << 40, (1 << 63) - 1, -(1 << 63), None]
N = 60


def records(**more: object) -> LogBatch:
    """Records of two resources and three scopes."""
    return batch_of(
        [
            {
                "body": [f"line {n}", n, {"a": [n, None]}, None, ""][n % 5],
                "severity": ["INFO", "ERROR", 0][n % 3],
                "resource": {"service.name": f"s{n // 30}"},
                "scope": f"scope {n // 20}",
                **more,
            }
            for n in range(N)
        ]
    )


def derived(values: list[object], dtype: object = None) -> LogBatch:
    return records().with_attributes({"key": pl.Series((values * N)[:N], dtype=dtype, strict=False)})  # type: ignore[arg-type]


BATCHES: dict[str, Callable[[], LogBatch]] = {
    "no attributes": records,
    "of one kind": lambda: records(attributes={"a": "x", "ü": ""}),
    "of two kinds, one of them nested": lambda: records(attributes={"a": "x", "b": {"c": [1, "d"]}}),
    "of all kinds": lambda: records(attributes={"a": "x", "n": -1, "u": 0.5, "t": True, "m": {}, "l": [1], "none": None}),
    "texts": lambda: derived([None, "", "x", "größe"]),
    "the same text": lambda: derived(["0.log"]),
    "integers": lambda: derived(NUMBERS),  # type: ignore[arg-type]
    "doubles": lambda: derived([0.0, -0.0, float("nan"), float("inf"), None, 1.5]),
    "booleans": lambda: derived([True, False, None]),
    "bytes": lambda: derived([b"", b"\xff\0", None], pl.Binary),
    "nothing": lambda: derived([None], pl.String),
    "lengths at the edges of varints": lambda: LogBatch.of({"body": ["x" * size for size in SIZES]}, {"k": ["y" * size for size in SIZES]}),
    "values that are none": lambda: LogBatch.of({"body_any": [b"\xff\xff", b"", b"\x18\x05", any_from_python([1])] * 10}),
    "all fields": lambda: LogBatch.of({
        "body": ["a", None] * 10, "time_unix_nano": [1 << 63, 0] * 10, "trace_id": [b"t" * 16, b""] * 10, "span_id": [b"s" * 8, b""] * 10,
        "flags": [1, 0] * 10, "event_name": ["", "e"] * 10, "dropped_attributes_count": [0, 300] * 10, "severity_number": [0, 17] * 10,
    }),
    "no resource": lambda: replace(records(), records=records().records.with_columns(pl.lit(None, pl.UInt32).alias("resource"))),
    "one record": lambda: records().slice(7, 1),
}  # fmt: skip
WAYS: dict[str, Callable[[LogBatch], LogBatch]] = {
    "whole": lambda batch: batch,
    "a slice": lambda batch: batch.slice(3, 41),
    "every third": lambda batch: batch.filter(pl.Series([n % 3 == 1 for n in range(len(batch))])),
    "turned round": lambda batch: batch.gather(pl.Series(range(len(batch))).reverse()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BATCHES)
def test_columns_and_ptars_say_the_same(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = WAYS[way](BATCHES[name]())
    requests = set()
    for most_kinds in (-1, 99):
        for few_groups in (0, 1 << 40):
            monkeypatch.setattr(record_columns, "_MOST_KINDS", most_kinds)
            monkeypatch.setattr(encoding, "_FEW_GROUPS", few_groups)
            requests.add(ExportLogsServiceRequest.FromString(encode(batch)).SerializeToString(deterministic=True))
    assert len(requests) == 1
