"""Requests of any shape through processors of any kind: what leaves, in the bytes that were sent where nobody changed them, says what each record
says that was decoded alone, changed alone and written anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch, concat
from collector.component import Context
from collector.testing.work import FakeWork
from otlp_wire import encode, read_payloads
from otlp_wire.messages import AnyValue, ExportLogsServiceRequest, LogRecord
from processors import attributes, redaction, transform
from processors import filter as filters

KEYS = ["a", "b", "text", "n", "ü", "", "c"]
TEXTS = ["", "x", "y", "secret=1 line", "größe", "x" * 130]
SCALARS: dict[str, list[Any]] = {
    "string_value": TEXTS, "int_value": [0, -1, 5, 1 << 40, -(1 << 63)], "double_value": [0.0, -0.0, float("nan"), 1.5],
    "bool_value": [True, False], "bytes_value": [b"", b"\xff\0"],
}  # fmt: skip
CONDITIONS = [
    'attributes["a"] == "x"', 'attributes["b"] != nil', "severity_number >= SEVERITY_NUMBER_INFO", 'IsMatch(body, "secret")',
    'not IsMatch(attributes["text"], "^x") and body != "x"', 'severity_text == "INFO"', 'time_unix_nano > 5 or event_name == "e"',
]  # fmt: skip
STATEMENTS = [
    'set(attributes["a"], "new")', 'set(attributes["n"], body)', 'set(attributes["new"], severity_number)', 'set(attributes["b"], nil)',
    'delete_key(attributes, "text")', 'keep_keys(attributes, ["a", "text", ""])', 'set(body, attributes["a"])', 'set(severity_text, "W")',
    'replace_pattern(body, "secret=\\\\S+", "***")', 'replace_all_patterns(attributes, "value", "secret", "***")', "truncate_all(attributes, 3)",
    'delete_matching_keys(attributes, "^[bn]")', "flatten(attributes)", 'merge_maps(attributes, ParseJSON("{\\"a\\":{\\"q\\":1}}"), "upsert")',
    'set(event_name, "ev")', 'set(cache["k"], attributes["a"])', 'set(attributes["text"], cache["k"])', 'append(attributes["n"], "v")',
]  # fmt: skip
ACTIONS = [
    {"key": "a", "action": "insert", "value": "i"}, {"key": "n", "action": "upsert", "from_attribute": "a"}, {"key": "b", "action": "delete"},
    {"key": "text", "action": "hash"}, {"key": "n", "action": "convert", "converted_type": "string"},
]  # fmt: skip


class Sender:
    """Makes requests and processors."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def request(self, records: int) -> ExportLogsServiceRequest:
        request = ExportLogsServiceRequest()
        for _ in range(records):
            if not request.resource_logs or self._random.random() < 0.1:
                self._pairs(request.resource_logs.add(schema_url="s").resource.attributes)
            resource_logs = request.resource_logs[-1]
            if not resource_logs.scope_logs or self._random.random() < 0.2:
                resource_logs.scope_logs.add().scope.name = self._random.choice(["", "scope"])
            self._fill(resource_logs.scope_logs[-1].log_records.add())
        return request

    def processors(self) -> list[tuple[Any, dict[str, Any]]]:
        return [self._processor() for _ in range(self._random.randrange(1, 4))]

    def _processor(self) -> tuple[Any, dict[str, Any]]:
        kind = self._random.choice(["transform", "transform", "transform", "attributes", "filter", "redaction"])
        if kind == "transform":
            statements = [f"{one}{self._where()}" for one in self._random.sample(STATEMENTS, 4)]
            return transform, {"error_mode": "silent", "log_statements": [{"context": "log", "statements": statements}]}
        if kind == "attributes":
            return attributes, {"actions": self._random.sample(ACTIONS, 2)}
        if kind == "filter":
            return filters, {"error_mode": "silent", "logs": {"log_record": [self._random.choice(CONDITIONS)]}}
        return redaction, {"allow_all_keys": True, "blocked_values": ["secret"]}

    def _where(self) -> str:
        return f" where {self._random.choice(CONDITIONS)}" if self._random.random() < 0.6 else ""

    def _fill(self, record: LogRecord) -> None:
        choose = self._random.choice
        record.time_unix_nano, record.severity_number = choose([0, 1, 1 << 62]), choose([0, 5, 9, 17])
        record.severity_text, record.event_name = choose(["", "INFO"]), choose(["", "e"])
        record.trace_id, record.dropped_attributes_count, record.flags = (
            choose([b"", b"t" * 16]),
            choose([0, 300]),
            choose([0, 1]),
        )
        if self._random.random() < 0.9:
            record.body.CopyFrom(self._value(2))
        self._pairs(record.attributes)

    def _pairs(self, pairs: Any, levels: int = 2) -> None:
        for key in self._random.sample(KEYS, self._random.randrange(4)):
            pairs.add(key=key).value.CopyFrom(self._value(levels))

    def _value(self, levels: int) -> AnyValue:
        value, name = (
            AnyValue(),
            self._random.choice([*SCALARS, "string_value", "string_value", "", "array_value", "kvlist_value"]),
        )
        if name in SCALARS:
            setattr(value, name, self._random.choice(SCALARS[name]))
        elif name:
            getattr(value, name).SetInParent()
            if levels and name == "array_value":
                value.array_value.values.extend(self._value(levels - 1) for _ in range(2))
            elif levels:
                self._pairs(value.kvlist_value.values, levels - 1)
        return value


def said(request: bytes) -> list[bytes]:
    """Of each record what it says with its scope and resource; the order of attributes says nothing, nor does a value without one."""
    return sorted(
        one.SerializeToString(deterministic=True) for one in alone(ExportLogsServiceRequest.FromString(request))
    )


def alone(request: ExportLogsServiceRequest) -> Iterator[ExportLogsServiceRequest]:
    """Each record in a request of its own."""
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                found = ExportLogsServiceRequest()
                resource = found.resource_logs.add(resource=resource_logs.resource, schema_url=resource_logs.schema_url)
                resource.scope_logs.add(scope=scope_logs.scope, log_records=[record])
                own = resource.scope_logs[0].log_records[0]
                if own.body.WhichOneof("value") is None:
                    own.ClearField("body")
                for pairs in (resource.resource.attributes, own.attributes):
                    for pair in pairs:
                        if pair.value.WhichOneof("value") is None:
                            pair.ClearField("value")
                    pairs.sort(key=lambda pair: pair.key)
                yield found


def changed(batch: LogBatch, processors: list[tuple[Any, dict[str, Any]]]) -> LogBatch:
    for module, options in processors:
        made = module.FACTORY.create(module.FACTORY.config.model_validate(options), Context("p", None))
        batch = made.process(batch, FakeWork())
    return batch


def halves(batch: LogBatch) -> LogBatch:
    """Taken apart and put together again."""
    odd = pl.Series([bool(n % 2) for n in range(len(batch))], dtype=pl.Boolean)
    return concat([batch.filter(odd).slice(0, 5), batch.filter(odd).slice(5, 99), batch.filter(~odd).compact()])


@pytest.mark.parametrize("seed", range(6))
def test_all_at_once_as_one_by_one(seed: int) -> None:
    sender = Sender(seed)
    requests, processors = [sender.request(18), sender.request(5)], sender.processors()
    batch, _ = read_payloads([request.SerializeToString() for request in requests], keep=True)
    assert batch.sent is not None
    together = changed(batch, processors)
    singly = [
        changed(read_payloads([one.SerializeToString()])[0], processors)
        for request in requests
        for one in alone(request)
    ]
    expected = sorted(text for one in singly for text in said(encode(one)))
    assert said(encode(replace(together, sent=None))) == expected, processors
    assert said(encode(together)) == expected, processors
    assert said(encode(halves(together))) == expected, processors
