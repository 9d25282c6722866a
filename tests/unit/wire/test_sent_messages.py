"""What nobody changed leaves as it came, and says the same as if it were written anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from collector.batch import LogBatch, concat
from collector.component import Context
from collector.samples import batch_of
from collector.testing.work import FakeWork
from otlp_wire import encode, read_payloads, sent_messages
from otlp_wire.messages import ExportLogsServiceRequest
from processors.transform import FACTORY

RECORDS = [
    {
        "body": [f"password=secret{n}", n, {"a": [n]}, None, ""][n % 5],
        "severity": ["INFO", "ERROR", 0][n % 3],
        "attributes": {"n": n, "text": f"t{n}", "nested": {"x": n}, "b": True} if n % 4 else {},
        "resource": {"service.name": f"s{n // 10}"},
        "scope": f"scope {n // 7}",
    }
    for n in range(40)
]
FLOATS = [0.0, -0.0, float("nan"), None, 1.5] * 8
TEXTS = ["x", None, "", "ü"] * 10


@pytest.fixture(autouse=True)
def _both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of few records some are written anew and some are not."""
    monkeypatch.setattr(sent_messages, "FEWEST", 0)


def sent(*batches: list[dict[str, object]]) -> LogBatch:
    """Records as they come in, kept as they were sent."""
    found, _ = read_payloads([encode(batch_of(batch)) for batch in batches], keep=True)
    assert found.sent is not None
    return found


def transformed(*statements: str) -> Callable[[LogBatch], LogBatch]:
    """By statements."""
    options = {"error_mode": "silent", "log_statements": [{"context": "log", "statements": list(statements)}]}
    processor = FACTORY.create(FACTORY.config.model_validate(options), Context("transform", None))  # type: ignore[arg-type]
    return lambda batch: processor.process(batch, FakeWork())


def odd(batch: LogBatch) -> LogBatch:
    """Each second record."""
    return batch.filter(pl.Series([bool(n % 2) for n in range(len(batch))]))


CHANGES: dict[str, Callable[[LogBatch], LogBatch]] = {
    "nothing": lambda batch: batch,
    "filtered": odd,
    "filtered twice": lambda batch: odd(odd(batch)),
    "sliced": lambda batch: batch.slice(3, 11),
    "turned round": lambda batch: batch.gather(pl.Series(range(len(batch))).reverse()),
    "fields permuted alone": lambda batch: replace(batch, records=batch.records.reverse()),
    "texts on top": lambda batch: batch.with_attributes({"new": pl.Series(TEXTS), "other": pl.Series(TEXTS).reverse()}),
    "all kinds on top": lambda batch: batch.with_attributes(
        {"f": pl.Series(FLOATS), "i": pl.Series(range(40)), "b": pl.Series([True, None] * 20), "y": pl.Series([b"\0", b""] * 20)}
    ),
    "an attribute replaced": lambda batch: batch.with_attributes({"text": pl.Series(TEXTS)}),
    "attributes left out": lambda batch: batch.without_attributes(["n", "text"]),
    "all severities": lambda batch: batch.with_fields({"severity_number": pl.Series([9] * 40)}),
    "texts of the severity": transformed('set(severity_text, "W") where severity_number >= 17'),
    "resources": transformed('set(resource.attributes["env"], "prod")'),
    "rare attributes": transformed('set(attributes["rare"], "yes") where attributes["n"] == 5'),
    "bodies": transformed('replace_pattern(body, "password=\\\\S+", "password=***")'),
    "keys": transformed('delete_key(attributes, "text") where attributes["n"] > 30', 'set(attributes["n"], "x")'),
    "limited": transformed('set(attributes["all"], 1)', 'limit(attributes, 3, ["all"])'),
    "changed, then filtered": lambda batch: odd(transformed('set(attributes["rare"], 1) where attributes["n"] < 9')(batch)),
    "joined": lambda batch: concat([odd(batch), transformed('set(attributes["text"], "t")')(batch), batch]),
    "joined with made ones": lambda batch: concat([batch, LogBatch.of({"body": ["made"]})]),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_says_the_same_as_what_is_written_anew(change: Callable[[LogBatch], LogBatch]) -> None:
    changed = change(sent(RECORDS[:15], RECORDS[15:]))
    anew = ExportLogsServiceRequest.FromString(encode(replace(changed, sent=None)))
    assert _said(encode(changed)) == anew.SerializeToString(deterministic=True)


def test_what_was_taken_out_of_a_record_is_not_in_its_bytes() -> None:
    """A later field would win over an earlier one, which would still be there."""
    changed = transformed(
        'replace_pattern(body, "secret3.*", "***")', 'delete_key(attributes, "text") where attributes["n"] == 5'
    )(sent(RECORDS))
    assert changed.as_sent is not None
    gone, there = (b"secret30", b"secret35", b"\x0a\x02t5"), (b"secret25", b"\x0a\x02t6")
    assert [word in encode(changed) for word in (*gone, *there)] == [False, False, False, True, True]


@pytest.mark.parametrize(
    "record", [b"\x4a\x03abc", b"\x2a\x04\x32\x02\x0a\x00\x2a\x04\x32\x02\x0a\x00"], ids=["id", "torn"]
)
def test_what_was_read_in_another_way_is_written_anew(record: bytes) -> None:
    """An id of a wrong length; a body in two pieces."""
    message = b"\x12" + bytes([len(record)]) + record
    scope = b"\x12" + bytes([len(message)]) + message
    batch, _ = read_payloads([b"\x0a" + bytes([len(scope)]) + scope], keep=True)
    assert len(batch) == 1
    assert batch.sent is None


def _said(request: bytes) -> bytes:
    return bytes(ExportLogsServiceRequest.FromString(request).SerializeToString(deterministic=True))
