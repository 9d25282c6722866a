"""Bad days between delivery and those who take OTLP, or Loki's push: over ten thousand records, none missing, doubled only where an answer was lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from collector.component import Factory
from counterparts.bad_days import PATIENT, QUICK, Load, mixture
from counterparts.fault_proxy import Fault, proxied
from counterparts.http_recorder import Answer, HttpRecorder
from counterparts.loki import Loki
from counterparts.on_thread import on_thread
from counterparts.otlp_grpc_server import otlp_server
from exporters.coralogix import FACTORY as CORALOGIX
from exporters.logzio import FACTORY as LOGZIO
from exporters.loki import FACTORY as LOKI
from exporters.otlp_http import FACTORY as OTLP_HTTP

ACCOUNT = {"private_key": "k", "application_name": "shop", "subsystem_name": "rest"}
Arrived = Callable[[], Counter[str]]


def bodies(request: ExportLogsServiceRequest) -> Iterator[str]:
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            yield from (record.body.string_value for record in scope.log_records)


@contextmanager
def over_http() -> Iterator[tuple[str, Arrived]]:
    """A server that takes OTLP; how often each body came."""
    with HttpRecorder(lambda _: Answer(headers={"Content-Type": "application/x-protobuf"})) as service:

        def arrived() -> Counter[str]:
            return Counter(
                text for one in service.taken() for text in bodies(ExportLogsServiceRequest.FromString(one.body))
            )

        yield service.url, arrived


@contextmanager
def pushed() -> Iterator[tuple[str, Arrived]]:
    with on_thread(Loki()) as service:
        yield service.url, lambda: Counter({entry.line: service.times[str(entry)] for entry in service.entries})


SERVERS: Mapping[
    str, tuple[Factory[Any], Callable[[], AbstractContextManager[tuple[str, Arrived]]], Callable[[str], dict[str, Any]]]
] = {
    "loki": (LOKI, pushed, lambda url: {"endpoint": url, "format": "raw"}),
    "logzio": (LOGZIO, over_http, lambda url: {"endpoint": f"{url}/v1/logs", "account_token": "t"}),
    "otlp_http": (OTLP_HTTP, over_http, lambda url: {"endpoint": url}),
}


def delivered(folder: Path, name: str, faults: list[Fault], pace: Mapping[str, Any]) -> Counter[str]:
    """How often each record arrived through these faults, each of which came to pass."""
    factory, server, options = SERVERS[name]
    with Load(folder, factory) as load, server() as (url, arrived), proxied(url) as proxy:
        proxy.faults.extend(faults)
        load.deliver({**pace, **options(proxy.url)})
        assert not proxy.faults
        times = arrived()
        assert times.keys() == set(load.bodies)
        return times


@pytest.mark.parametrize("name", SERVERS)
def test_all_of_it_at_once(tmp_path: Path, name: str) -> None:
    """A random mixture: nothing missing, whatever is lost on the way."""
    assert max(delivered(tmp_path, name, mixture(11, 3), QUICK).values()) > 1


@pytest.mark.parametrize("name", ["loki", "logzio"])
def test_without_faults_each_record_arrives_once(tmp_path: Path, name: str) -> None:
    assert set(delivered(tmp_path, name, [], PATIENT).values()) == {1}


CODES = grpc.StatusCode
DAYS = {
    "a good day": (),
    "all of it at once": (
        CODES.UNAVAILABLE,
        CODES.UNAUTHENTICATED,
        CODES.RESOURCE_EXHAUSTED,
        CODES.INTERNAL,
        CODES.ABORTED,
        None,
    )
    * 3,
}
"""What coralogix answers in turn, None takes; then all is well. ABORTED: it has taken what it then denies."""


@pytest.mark.parametrize("day", DAYS)
def test_coralogix(tmp_path: Path, day: str) -> None:
    """Nothing missing; doubled only where it had taken what it denied."""
    codes, times = list(DAYS[day]), Counter[str]()
    random.Random(5).shuffle(codes)

    def answer(request: ExportLogsServiceRequest, context: grpc.ServicerContext) -> ExportLogsServiceResponse:
        code = codes.pop(0) if codes else None
        if code in (None, CODES.ABORTED):
            times.update(bodies(request))
        if code is not None:
            context.abort(code, "a bad day")
        return ExportLogsServiceResponse()

    with Load(tmp_path, CORALOGIX) as load, otlp_server() as server:
        server.answer = answer
        load.deliver(
            {**PATIENT, **ACCOUNT, "logs": {"endpoint": f"127.0.0.1:{server.port}", "tls": {"insecure": True}}}
        )
        assert times.keys() == set(load.bodies)
    assert (codes, max(times.values()) > 1) == ([], bool(DAYS[day]))
