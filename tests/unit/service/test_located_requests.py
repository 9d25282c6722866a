"""From where a request came is written on its resources, for the receivers whose records meet a processor that asks."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

import otlp_wire
from collector.admission.steps import Arrival, checks
from collector.domains.resolver import DomainResolver, DomainRules
from collector.reserved import CONNECTION
from collector.service.wiring import located_receivers
from collector.settings import load

ASKS = "k8s_attributes: {}"
KNOWS = "k8s_attributes: {pod_association: [{sources: [{from: resource_attribute, name: k8s.pod.uid}]}]}"


@pytest.mark.parametrize(("processor", "located"), [(ASKS, {"otlp/a"}), (KNOWS, set())])
def test_receivers_in_front_of_who_asks(processor: str, located: set[str]) -> None:
    """Also through connectors; not others."""
    settings = load(
        [
            f"""yaml:
receivers: {{otlp/a: {{protocols: {{http: {{endpoint: 'localhost:0'}}}}}}, otlp/b: {{protocols: {{http: {{endpoint: 'localhost:1'}}}}}}}}
processors: {{{processor}}}
connectors: {{forward: {{}}}}
exporters: {{nop: {{}}}}
service:
  pipelines:
    logs/a: {{receivers: [otlp/a], exporters: [forward]}}
    logs/b: {{receivers: [otlp/b], exporters: [nop]}}
    logs/fed: {{receivers: [forward], processors: [k8s_attributes], exporters: [nop]}}
"""
        ],
        environ={},
    )
    assert located_receivers(settings) == located


class _Facts:
    host = "localhost"

    def header(self, _: str) -> None:
        return None

    def values(self, _: str) -> tuple[()]:
        return ()

    def parameters(self, _: str) -> tuple[()]:
        return ()

    def peer(self) -> str:
        return "10.0.0.7"

    def certificate(self) -> None:
        return None


def _request(**resource: str) -> bytes:
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
    groups: list[dict[str, Any]] = [
        {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}
    ]
    return otlp_wire.json_to_protobuf(orjson.dumps({"resourceLogs": groups * 2}))


@pytest.mark.parametrize("receiver", ["otlp", "other"])
def test_what_a_sender_writes_there_is_not_kept(receiver: str) -> None:
    """Its own word is replaced; requests of other receivers stay as they are."""
    arrival = Arrival(receiver, _Facts(), _request(**{CONNECTION: "6.6.6.6", "a": "b"}))
    for step in checks(DomainResolver(DomainRules()), located=frozenset({"otlp"})):
        step(arrival)
    assert arrival.received is not None
    batch, _ = otlp_wire.read_payloads([arrival.received.body])
    expected = "10.0.0.7" if receiver == "otlp" else "6.6.6.6"
    assert batch.resource_attribute(CONNECTION).to_list() == [expected] * 2
    assert batch.resource_attribute("a").to_list() == ["b"] * 2
