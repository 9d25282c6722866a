"""The logzio exporter against an OTLP endpoint: by whose token, sent where."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok
from collector.testing.text_batch import text_batch
from counterparts import sending
from counterparts.http_recorder import Answer, HttpRecorder
from exporters.logzio import FACTORY
from exporters.logzio.config import LogzioConfig
from exporters.logzio.exporter import LogzioExporter

TOKEN = "secret-token"


def config(**more):
    return LogzioConfig.model_validate({"account_token": TOKEN, **more})


def bodies(data):
    return [
        record.body.string_value
        for resource in logs_service_pb2.ExportLogsServiceRequest.FromString(data).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def test_records_arrive_with_the_token(tmp_path):
    """As OTLP, compressed, at the very URL."""
    with HttpRecorder(lambda _: Answer(b"{}")) as service:
        options = {"endpoint": f"{service.url}/v1/logs", "account_token": TOKEN, "headers": {"x-a": "1"}}
        assert sending.verdicts(FACTORY, options, tmp_path, text_batch(["a", "b"])) == [Ok()]
        (seen,) = service.taken()
    assert (seen.path, bodies(seen.body)) == ("/v1/logs", ["a", "b"])
    wanted = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/x-protobuf",
        "x-a": "1",
        "content-encoding": "gzip",
    }
    assert {name: seen.headers[name] for name in wanted} == wanted


def test_payloads_are_joined(tmp_path):
    """Undecoded, for a pipeline without processors."""
    request = logs_service_pb2.ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "x"
    payload = request.SerializeToString()
    exporter = LogzioExporter(config(region="us", compression="none"), None)
    assert bodies(exporter.encode_payloads([payload, payload])) == ["x", "x"]


def test_a_token_that_is_refused_holds_records_back_and_is_not_shown(tmp_path):
    """Whoever repeats it: the answer's text is that of the status."""
    told = Answer(f'{{"code":16,"message":"no account {TOKEN}"}}'.encode(), status=401)
    with HttpRecorder(lambda _: told) as service:
        options = {"endpoint": service.url, "account_token": TOKEN}
        (found,) = sending.verdicts(FACTORY, options, tmp_path, text_batch(["a"]))
    assert isinstance(found, Blocked)
    assert found.reason.startswith("401 Unauthorized: no account")
    assert TOKEN not in found.reason


ADDRESSES = {
    "us": ({"region": "us"}, "https://otlp-listener.logz.io/v1/logs"),
    "EU": ({"region": "EU"}, "https://otlp-listener-eu.logz.io/v1/logs"),
    "a URL": ({"region": "uk", "endpoint": "https://proxy.example/x"}, "https://proxy.example/x"),
    "its old name": ({"custom_endpoint": "https://proxy.example"}, "https://proxy.example"),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_the_region_names_the_address(case):
    """Unless an endpoint does; options of the first exporter of that name are taken and do nothing."""
    given, wanted = ADDRESSES[case]
    assert config(**given, drain_interval=3, queue_capacity=1, queue_max_length=1).url == wanted


WRONG = {
    "no place": ({}, "needs `region`, or `endpoint`"),
    "no such region": ({"region": "nl"}, "region"),
    "no token": ({"region": "us", "account_token": ""}, "account_token"),
    "in the clear": ({"endpoint": "http://proxy.example"}, "use https://"),
    "another credential": ({"region": "us", "auth": {"authenticator": "x"}}, "auth: it shows a credential of its own"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(case):
    given, said = WRONG[case]
    with pytest.raises(ValidationError) as caught:
        config(**given)
    assert said in str(caught.value)
