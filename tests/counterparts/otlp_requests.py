"""Hypothesis strategies for OTLP requests, made with the official classes: every field, every kind of value."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.common.v1 import common_pb2

_Request: Any = logs_service_pb2.ExportLogsServiceRequest

texts = st.text(max_size=8)
uint32s = st.one_of(st.just(0), st.integers(0, 2**32 - 1))
uint64s = st.one_of(st.just(0), st.integers(0, 2**64 - 1))
int64s = st.integers(-(2**63), 2**63 - 1)
doubles = st.floats().map(lambda number: float("nan") if math.isnan(number) else number)  # one NaN: JSON has one
any_scalars = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"string_value": texts}),
    st.fixed_dictionaries({"bool_value": st.booleans()}),
    st.fixed_dictionaries({"int_value": int64s}),
    st.fixed_dictionaries({"double_value": doubles}),
    st.fixed_dictionaries({"bytes_value": st.binary(max_size=200)}),
    st.fixed_dictionaries({"string_value_strindex": st.integers(-(2**31), 2**31 - 1)}),
)


def key_values(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Attributes, with few enough keys that some repeat, some without a value message."""
    keys = st.one_of(st.sampled_from(["a", "b", ""]), texts)
    strindex = st.one_of(st.just(0), st.just(0), st.integers(-5, 5))
    return st.fixed_dictionaries({"key": keys, "key_strindex": strindex}, optional={"value": values})


def _nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.fixed_dictionaries({"array_value": st.fixed_dictionaries({"values": st.lists(values, max_size=3)})}),
        st.fixed_dictionaries(
            {"kvlist_value": st.fixed_dictionaries({"values": st.lists(key_values(values), max_size=3)})}
        ),
    )


any_values = st.recursive(any_scalars, _nested, max_leaves=6)
attributes = st.lists(key_values(any_values), max_size=4)


def _ids(size: int) -> st.SearchStrategy[bytes]:
    return st.one_of(st.just(b""), st.binary(min_size=size, max_size=size))


log_records = st.fixed_dictionaries(
    {},
    optional={
        "time_unix_nano": uint64s,
        "observed_time_unix_nano": uint64s,
        "severity_number": st.one_of(st.integers(0, 24), st.integers(-(2**31), 2**31 - 1)),
        "severity_text": texts,
        "body": any_values.filter(bool),  # `{}` is an absent body
        "attributes": attributes,
        "dropped_attributes_count": uint32s,
        "flags": uint32s,
        "trace_id": _ids(16),
        "span_id": _ids(8),
        "event_name": texts,
    },
)
_entity_refs = st.fixed_dictionaries(
    {},
    optional={
        "schema_url": texts,
        "type": texts,
        "id_keys": st.lists(texts, max_size=2),
        "description_keys": st.lists(texts, max_size=2),
    },
)
_resources = st.fixed_dictionaries(
    {},
    optional={
        "attributes": attributes,
        "dropped_attributes_count": uint32s,
        "entity_refs": st.lists(_entity_refs, max_size=2),
    },
)
_scopes = st.fixed_dictionaries(
    {},
    optional={"name": texts, "version": texts, "attributes": attributes, "dropped_attributes_count": uint32s},
)
_scope_logs = st.fixed_dictionaries(
    {"log_records": st.lists(log_records, max_size=3)}, optional={"scope": _scopes, "schema_url": texts}
)
_resource_logs = st.fixed_dictionaries(
    {"scope_logs": st.lists(_scope_logs, max_size=3)}, optional={"resource": _resources, "schema_url": texts}
)
requests = st.lists(_resource_logs, max_size=3).map(lambda groups: _Request(resource_logs=groups))
"""ExportLogsServiceRequests, groups without records among them."""

any_messages = any_values.map(lambda value: common_pb2.AnyValue(**value))


def without_empty_groups(request: Any) -> Any:
    """What a batch can hold of a request: ResourceLogs and ScopeLogs that carry no record are nothing to it, and a body
    without a value is none."""
    kept = _Request()
    kept.CopyFrom(request)
    for resource_logs in list(kept.resource_logs):
        for scope_logs in list(resource_logs.scope_logs):
            if not scope_logs.log_records:
                resource_logs.scope_logs.remove(scope_logs)
                continue
            for record in scope_logs.log_records:
                if record.body.WhichOneof("value") is None:
                    record.ClearField("body")
        if not resource_logs.scope_logs:
            kept.resource_logs.remove(resource_logs)
    return kept
