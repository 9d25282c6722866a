"""Senders without an OpenTelemetry SDK, as their authors made them, against the `json` receiver."""

from __future__ import annotations

import logging
import subprocess
import time
from pathlib import Path

import logging_loki
import pygelf
import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.model.http_log import HTTPLog
from datadog_api_client.v2.model.http_log_item import HTTPLogItem

from counterparts.cloudflare import installed
from counterparts.json_door import Door, json_door
from counterparts.node_packages import with_packages


@pytest.fixture(scope="module")
def script() -> Path:
    """send.mjs with pino, winston and their transports."""
    return with_packages(Path(__file__).parent / "javascript")


@pytest.fixture
def door():
    with json_door() as running:
        yield running


def send(script: Path, door: Door, library: str) -> list[dict]:
    """What arrived of a library's transport."""
    command = ["node", str(script), library, door.address.rpartition(":")[2]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert door.admission.statistics().refused_requests == {}
    assert all(abs(record["time"] / 1e9 - time.time()) < 120 for record in door.records)
    return door.records


def test_pino(script, door):
    """Its numbers for levels, and an error with its stack."""
    warned, failed = send(script, door, "pino")
    assert (warned["severity"], warned["body"], warned["attributes"]) == (
        13,
        "slow query",
        {"process.pid": 7, "millis": 812},
    )
    assert warned["resource"] == {"host.name": "web"}
    assert (failed["severity"], failed["attributes"]["exception.type"], failed["attributes"]["exception.message"]) == (
        17, "TypeError", "no such user",
    )  # fmt: skip
    assert failed["attributes"]["exception.stacktrace"].startswith("TypeError: no such user\n    at ")


@pytest.mark.parametrize("library", ["winston", "winston-batch"])
def test_winston(script, door, library):
    """Its HTTP transport: an object a request, or an array."""
    found = send(script, door, library)
    assert [(record["severity"], record["severity_text"], record["body"]) for record in found] == [
        (13, "warn", "slow query"), (17, "error", "request failed"),
    ]  # fmt: skip
    assert [record["resource"] for record in found] == [{"service.name": "shop"}] * 2
    assert found[0]["attributes"] == {"millis": 812}


def test_loki_of_pino(script, door):
    """Labels are the resource; the line stays as it is."""
    found = send(script, door, "pino-loki")
    assert [record["severity"] for record in found] == [13, 17]
    assert {record["resource"]["service.name"] for record in found} == {"shop"}
    assert '"msg":"slow query"' in found[0]["body"]


def test_loki_of_winston(script, door):
    """JSON, and protobuf that is compressed with snappy."""
    found = send(script, door, "winston-loki")
    assert [record["resource"]["via"] for record in found] == ["json", "protobuf"]
    assert [record["severity_text"] for record in found] == ["warn", "warn"]
    assert all(record["body"].startswith("slow query") for record in found)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its socket to the collector
def test_gelf_of_pygelf(door):
    """Its HTTP handler, which compresses with zlib and says `gzip,deflate`."""
    host, port = door.address.rsplit(":", 1)
    handler = pygelf.GelfHttpHandler(
        host=host, port=int(port), path="/gelf", compress=True, include_extra_fields=True, _service="shop"
    )
    logger = logging.getLogger("gelf-of-pygelf")
    logger.addHandler(handler)
    try:
        raise ValueError("no such user")
    except ValueError:
        logger.exception("request failed", extra={"millis": 812})
    finally:
        logger.removeHandler(handler)
    door.intake.wait_for(1)  # it does not wait for an answer
    (record,) = door.records
    assert (record["severity"], record["body"], record["resource"]["service.name"]) == (17, "request failed", "shop")
    assert record["attributes"]["millis"] == 812
    assert "ValueError: no such user" in record["attributes"]["full_message"]


def test_loki_of_python(door):
    """python-logging-loki: a second of it is in nanoseconds as text."""
    handler = logging_loki.LokiHandler(url=f"http://{door.address}/loki/api/v1/push", tags={"app": "shop"}, version="1")
    logger = logging.getLogger("loki-of-python")
    logger.addHandler(handler)
    logger.warning("slow query")
    logger.removeHandler(handler)
    (record,) = door.records
    assert (record["severity"], record["body"]) == (13, "slow query")
    assert record["resource"]["service.name"] == "shop"


def test_datadog_api_client(door):
    """Datadog's own client, which compresses and shows its key."""
    configuration = Configuration(
        host=f"http://{door.address}", api_key={"apiKeyAuth": "an-api-key"}, server_operation_index={"submit_log": 1},
        server_operation_variables={"submit_log": {"name": door.address, "protocol": "http"}},
    )  # fmt: skip
    item = HTTPLogItem(
        ddsource="nginx",
        ddtags="env:staging,version:5.1",
        hostname="web",
        message="boom",
        service="shop",
        status="error",
    )
    with ApiClient(configuration) as client:
        LogsApi(client).submit_log(HTTPLog([item]), content_encoding="gzip")
    (record,) = door.records
    assert (record["severity"], record["body"], record["attributes"]["ddsource"]) == (17, "boom", "nginx")
    assert record["resource"] == {
        "service.name": "shop", "host.name": "web", "service.version": "5.1", "deployment.environment.name": "staging",
    }  # fmt: skip


def test_a_tail_worker(door):
    """On Cloudflare's own runtime: a Worker that logs, and fails, is followed by one that passes on what it gets."""
    command = ["node", str(installed() / "tail.mjs"), f"http://{door.address}/cloudflare/tail"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert [(record["severity"], record["body"], record["attributes"]["cloudflare.outcome"]) for record in door.records] == [
        (9, 'order 42 {"paid":true}', "ok"), (13, {"stock": 3}, "ok"),
        (9, 'order 42 {"paid":true}', "exception"), (13, {"stock": 3}, "exception"), (17, "TypeError: no such order", "exception"),
    ]  # fmt: skip
    failed = door.records[-1]["attributes"]
    assert (failed["exception.type"], failed["exception.message"]) == ("TypeError", "no such order")
    assert (failed["http.request.method"], failed["url.full"]) == ("GET", "http://shop.example/fail")
    assert door.records[0]["attributes"]["http.response.status_code"] == 200
