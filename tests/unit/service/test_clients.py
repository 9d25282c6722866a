"""Which of what comes with requests is taken down, and by what exporters keep records apart, as the configuration says it."""

from __future__ import annotations

from typing import Any

from collector.client_info import Wanted
from collector.service.clients import accompanying, kept_apart
from collector.settings import load
from collector.settings.model import Settings

CONFIG = """yaml:
receivers:
  otlp/a: {protocols: {http: {endpoint: 'localhost:0', include_metadata: true}}}
  otlp/b: {protocols: {http: {endpoint: 'localhost:1'}}}
processors:
  batch: {metadata_keys: [X-Tenant], metadata_cardinality_limit: 7}
  attributes: {actions: [{key: a, action: insert, from_context: auth.subject}, {key: b, action: insert, from_context: client.address}]}
connectors: {forward: {}}
extensions:
  headers_setter: {headers: [{key: a, value: b}], additional_auth: headers_setter/first}
  headers_setter/first: {headers: [{key: x-scope-orgid, from_context: X-Tenant}, {key: authorization, from_attribute: raw}]}
exporters:
  nop: {}
  otlp_http: {endpoint: 'http://localhost:2', auth: {authenticator: headers_setter}}
  otlp_http/queue: {endpoint: 'http://localhost:2', sending_queue: {batch: {partition: {metadata_keys: [x-part]}}}}
service:
  extensions: [headers_setter, headers_setter/first]
  pipelines:
    logs/a: {receivers: [otlp/a], processors: [batch, attributes], exporters: [forward]}
    logs/b: {receivers: [otlp/b], exporters: [nop]}
    logs/fed: {receivers: [forward], exporters: [otlp_http, otlp_http/queue]}
"""


def settings() -> Settings:
    return load([CONFIG], environ={})


def headers(*names: str) -> Wanted:
    return Wanted.headers(names)


def test_receivers_take_down_what_is_asked_behind_them() -> None:
    """Through connectors, by exporters' authenticators and by those before them; nothing for the others."""
    step: Any = accompanying(settings())
    everything = headers("x-tenant", "x-part") | Wanted(auth=frozenset({"subject", "raw"}), address=True)
    assert step._wanted == {"otlp/a": everything}
    assert len(step._combinations["otlp/a"]) == 1


def test_exporters_keep_apart_what_they_or_a_batch_in_front_of_them_name() -> None:
    """What a processor reads is in the record then: nothing to keep apart."""
    raw = Wanted(auth=frozenset({"raw"}))
    assert kept_apart(settings()) == {
        "otlp_http": headers("x-tenant") | raw,
        "otlp_http/queue": headers("x-tenant", "x-part"),
    }
