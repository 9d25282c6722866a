"""The coralogix exporter against an OTLP server: whose records, by which key, sent where."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.outcomes import Ok
from collector.testing.row_batch import Row, batch_of
from counterparts import sending
from counterparts.otlp_grpc_server import otlp_server
from exporters.coralogix import FACTORY
from exporters.coralogix.config import CoralogixConfig
from exporters.coralogix.exporter import named

ACCOUNT = {"private_key": " secret\n", "application_name": "shop", "subsystem_name": "rest"}


def config(**more):
    return CoralogixConfig.model_validate({"domain": "eu2.coralogix.com", **ACCOUNT, **more})


def places(*resources, **more):
    """(application, subsystem) of each resource."""
    batch = named(batch_of([Row(str(n), [], list(given)) for n, given in enumerate(resources)]), config(**more))
    keys = ("cx.application.name", "cx.subsystem.name")
    return list(zip(*(batch.resource_attribute(key).to_list() for key in keys), strict=True))


def test_the_first_attribute_that_is_not_empty_names():
    """Else the options do, whatever the resource called itself."""
    found = places(
        [("ns", ""), ("k8s", "prod"), ("service.name", "web")],
        [("ns", "a"), ("k8s", "prod"), ("n", 1)],
        [("cx.application.name", "mallory")],
        application_name_attributes=["ns", "k8s"],
        subsystem_name_attributes=["service.name", "n"],
    )
    assert found == [("prod", "web"), ("a", "1"), ("shop", "rest")]


def test_records_arrive_with_key_and_names(tmp_path):
    """One call for all resources; headers of both blocks; the key without the space around it."""
    with otlp_server() as served:
        options = {
            **ACCOUNT,
            "logs": {"endpoint": f"127.0.0.1:{served.port}", "tls": {"insecure": True}, "headers": {"x-a": "1"}},
            "domain_settings": {"headers": {"x-b": "2"}},
            "timeout": "20s",
        }
        rows = [Row("a", [], [("service.name", "web")]), Row("b", [], [("service.name", "api")])]
        assert sending.verdicts(FACTORY, options, tmp_path, batch_of(rows)) == [Ok()]
    (metadata,), (request,) = served.metadata, served.requests
    assert {name: metadata[name] for name in ("authorization", "x-a", "x-b")} == {
        "authorization": "Bearer secret", "x-a": "1", "x-b": "2",
    }  # fmt: skip
    sent = [{a.key: a.value.string_value for a in group.resource.attributes} for group in request.resource_logs]
    assert sent == [
        {"service.name": name, "cx.application.name": "shop", "cx.subsystem.name": "rest"} for name in ("web", "api")
    ]


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({}, "ingress.eu2.coralogix.com:443"),
        ({"private_link": True}, "ingress.private.eu2.coralogix.com:443"),
        ({"logs": {"endpoint": "in.example:443"}}, "in.example:443"),
        ({"logs": {"endpoint": "https://"}}, "ingress.eu2.coralogix.com:443"),
    ],
)
def test_where_it_goes(options, target):
    assert config(**options).destination() == target


def test_client_options_go_with_their_address():
    """Those of `domain_settings` with the domain, those of `logs` with their endpoint."""
    client = {"keepalive": {"enabled": True, "time": "30s"}, "compression": "none"}
    assert config(domain_settings=client).client.compression == "none"
    assert config(domain_settings=client, logs={"endpoint": "h.example:443"}).client.compression == "gzip"


BAD = [{"domain": ""}, {"private_key": ""}, {"application_name": ""}, {"domain": "https://x"}, {"protocol": "http"},
       {"logs": {"endpoint": "far.example:80", "tls": {"insecure": True}}}]  # fmt: skip


@pytest.mark.parametrize("options", BAD)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValidationError):
        config(**options)
