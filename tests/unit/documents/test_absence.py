"""What a record does not say is absent in every format and every exporter, however the sender spelt it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Context, Kind
from collector.documents.facts import happened, normalised, said
from collector.documents.models import texts
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.registry import default_registry
from collector.store.rows import Limits, rows
from otlp_wire import encode, encode_json

RECEIVED_MS = 1_700_000_000_123
PLAIN: dict[str, Any] = {
    "time_unix_nano": RECEIVED_MS * 1_000_000,
    "observed_time_unix_nano": RECEIVED_MS * 1_000_000,
    "severity_number": 0,
    "body": "said",
    "body_any": None,
    "trace_id": b"",
    "span_id": b"",
}
NO_TIME = {"time_unix_nano": 0, "observed_time_unix_nano": 0}
SPELLINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "trace id of zeros": ({"trace_id": bytes(16)}, {"trace_id": b""}),
    "span id of zeros": ({"span_id": bytes(8)}, {"span_id": b""}),
    "severity -1": ({"severity_number": -1}, {"severity_number": 0}),
    "severity 25": ({"severity_number": 25}, {"severity_number": 0}),
    "severity of 32 bits": ({"severity_number": (1 << 31) - 1}, {"severity_number": 0}),
    "lowest severity": ({"severity_number": -(1 << 31)}, {"severity_number": 0}),
    "no time": (NO_TIME, NO_TIME | {"observed_time_unix_nano": RECEIVED_MS * 1_000_000}),
    "empty body": ({"body": ""}, {"body": None}),
    "empty bytes": ({"body": None, "body_any": b"\x3a\x00"}, {"body": None}),
    "empty AnyValue": ({"body": None, "body_any": b""}, {"body": None}),
}
"""Name → as it was sent, and the same in the one spelling."""


def batch_with(fields: dict[str, Any]) -> LogBatch:
    """One record, received at `RECEIVED_MS`, beside one that says everything."""
    full = PLAIN | {"severity_number": 17, "trace_id": bytes(range(16)), "span_id": bytes(range(8))}
    columns = {name: [full[name], (PLAIN | fields)[name]] for name in PLAIN}
    batch = LogBatch.of(
        columns | {"record_id": ["01HF00000000000000000AAAAA", "01HF00000000000000000BBBBB"], "domain": ["a.com"] * 2},
        resource={"service.name": "s", "host.name": "h"},
    )
    received = pl.Series("received_unix_ms", [RECEIVED_MS], dtype=pl.UInt64)
    return replace(batch, payloads=batch.payloads.with_columns(received))


def parts(value: object) -> object:
    """What `encode` gave, with all that is in it, comparable."""
    if isinstance(value, LogBatch):  # kept to encode again, not sent
        return None
    if isinstance(value, pl.DataFrame | pl.Series):
        return value.to_list() if isinstance(value, pl.Series) else value.rows()
    if isinstance(value, list | tuple):
        return [parts(one) for one in value]
    fields = getattr(value, "__dataclass_fields__", None)
    return [parts(getattr(value, name)) for name in fields] if fields else str(value)


MODELS: dict[str, Callable[[LogBatch], object]] = {
    **{
        name: (lambda batch, name=name: texts(batch, name).to_list())
        for name in ("json", "ocsf", "ecs", "cef", "leef", "text")
    },
    "rows of SQL": lambda batch: rows(batch, Limits()).rows(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("model", MODELS)
def test_each_model_says_the_same_for_every_spelling(model: str, spelling: str) -> None:
    """As for the one spelling, and nothing of the other one."""
    sent, one = (batch_with(fields) for fields in SPELLINGS[spelling])
    assert MODELS[model](sent) == MODELS[model](one)


KEY = {"token": "t"}
AZURE = {"endpoint": "https://x.ingest.monitor.azure.com", "tenant_id": "t", "client_id": "c", "client_secret": "s"}
CLOUDFLARE = {"account_id": "a", "api_token": "secret"}
EXPORTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sqlite": ("sqlite", {}),
    "d1": ("d1", CLOUDFLARE | {"database_id": "d"}),
    "kv": ("kv", CLOUDFLARE | {"namespace_id": "n"}),
    **{
        f"elasticsearch {mode}": ("elasticsearch", {"endpoint": "http://localhost", "mapping": {"mode": mode}})
        for mode in ("otel", "ecs", "none", "raw")
    },
    "splunk_hec": ("splunk_hec", KEY | {"endpoint": "https://localhost:8088/services/collector"}),
    "splunk_hec raw": ("splunk_hec", KEY | {"endpoint": "https://localhost:8088/services/collector/raw"}),
    "http": ("http", {"endpoint": "http://localhost"}),
    "datadog": ("datadog", {"api": {"key": "0" * 32}}),
    "chronicle": (
        "chronicle",
        {"api": "legacy", "customer_id": "c", "log_type": "L", "model": "json", "credentials_file": "/c.json"},
    ),
    "googlecloud": ("googlecloud", {"project": "p"}),
    "azure_monitor": ("azure_monitor", {"instrumentation_key": "k", "compression": "none"}),
    "clickhouse": ("clickhouse", {"endpoint": "http://localhost:8123", "compress": "none"}),
    "awscloudwatchlogs": ("awscloudwatchlogs", {"log_group_name": "g", "log_stream_name": "s"}),
    "sentinel": ("sentinel", AZURE | {"dcr_id": "dcr-" + "0" * 32, "stream": "Custom-Logs_CL"}),
    "syslog": ("syslog", {"endpoint": "localhost"}),
    "syslog rfc3164": ("syslog", {"endpoint": "localhost", "protocol": "rfc3164"}),
    "debug normal": ("debug", {"verbosity": "normal"}),
    "debug detailed": ("debug", {"verbosity": "detailed"}),
    **{
        f"file {form}": ("file", {"path": "f", "format": form})
        for form in ("json", "proto", "ocsf", "ecs", "cef", "leef")
    },
    "otlp_grpc": ("otlp_grpc", {"endpoint": "localhost:4317", "compression": "none"}),
    "otlp_http": ("otlp_http", {"endpoint": "http://localhost", "compression": "none"}),
    "otlp_http json": ("otlp_http", {"endpoint": "http://localhost", "compression": "none", "encoding": "json"}),
}
OTLP = ("file json", "file proto", "otlp_grpc", "otlp_http", "otlp_http json")
"""They can say the difference between an empty body and none, and do."""


@pytest.mark.parametrize("name", EXPORTERS)
def test_each_exporter_sends_the_same_for_every_spelling(tmp_path: Path, name: str) -> None:
    """What leaves is what leaves for the one spelling; and no record is at 1970."""
    kind, options = EXPORTERS[name]
    factory = default_registry().find(Kind.EXPORTER, kind)
    assert factory is not None
    made = factory.create(factory.config.model_validate(options), Context(kind, tmp_path))
    for spelling, (sent, one) in SPELLINGS.items():
        if name in OTLP and "body" in one:
            continue
        wanted = parts(made.encode(batch_with(one)))
        assert parts(made.encode(batch_with(sent))) == wanted, spelling
        assert "1970-01-01" not in str(wanted)


@pytest.mark.parametrize("encoded", [encode, encode_json], ids=["protobuf", "JSON"])
def test_a_decoded_record_has_the_one_spelling(encoded: Callable[[LogBatch], bytes]) -> None:
    """Set where records are decoded, so that processors and OTLP exporters see it; a body stays as it was sent."""
    sent = encode(batch_with(NO_TIME | {"trace_id": bytes(16), "span_id": bytes(8), "severity_number": -1, "body": ""}))
    batch = decode([Entry("0", 1, "a.com", "otlp", sent, 2, RECEIVED_MS, b"")]).batch
    last = batch.records.row(1, named=True)
    assert last["observed_time_unix_nano"] == RECEIVED_MS * 1_000_000
    assert (last["trace_id"], last["span_id"], last["severity_number"], last["time_unix_nano"]) == (b"", b"", 0, 0)
    assert last["body"] == ""
    assert batch.records.row(0, named=True)["severity_number"] == 17
    leaving = encoded(batch)
    assert (str(RECEIVED_MS * 1_000_000).encode() in leaving) or encoded is encode


def test_a_batch_that_says_it_right_is_left_alone() -> None:
    """The usual case: the very same tables."""
    batch = batch_with({})
    assert normalised(batch) is batch
    assert said(batch) is batch


def test_when_it_happened_is_always_known() -> None:
    """Its own time, else the observed one, else that of receipt, else now: never null, never 0."""
    own = happened(batch_with({"time_unix_nano": 5}))
    observed = happened(batch_with({"time_unix_nano": 0, "observed_time_unix_nano": 7}))
    received = happened(batch_with(NO_TIME))
    nowhere = happened(replace(batch_with(NO_TIME), payloads=pl.DataFrame()))
    assert [series[1] for series in (own, observed, received)] == [5, 7, RECEIVED_MS * 1_000_000]
    assert nowhere[1] > RECEIVED_MS * 1_000_000


def test_what_somebody_wrote_is_said() -> None:
    """An empty map or array is a body; an attribute with an empty value is an attribute."""
    empty_map, empty_array = b"\x32\x00", b"\x2a\x00"
    for body in (empty_map, empty_array):
        batch = batch_with({"body": None, "body_any": body})
        assert said(batch).column("body_any")[1] == body
    (_, row) = rows(batch_with({}).with_attributes({"k": pl.Series(["", ""])}), Limits()).to_dicts()
    assert json.loads(row["attributes"]) == {"k": ""}
