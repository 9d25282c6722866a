"""`logboom validate --reach`: who answers, without a record being sent."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml
from typer.testing import CliRunner, Result

from collector.cli import app
from collector.cli.reach import reach
from collector.settings import load
from collector.testing.service import free_ports


@contextmanager
def server(answer: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """A listener that notes what it is sent and answers once; None = never."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as connection:
                heard.append(connection.recv(4096))
                if answer is not None:
                    connection.sendall(answer)
                else:
                    connection.recv(4096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        thread.join(10)


def config(exporters: dict[str, object]) -> str:
    service = {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": list(exporters)}}}
    receivers = {"otlp": {"protocols": {"grpc": None}}}
    return f"yaml:{yaml.safe_dump({'receivers': receivers, 'exporters': exporters, 'service': service})}"


def validate(exporters: dict[str, object], *options: str) -> Result:
    return CliRunner().invoke(app, ["validate", "-c", config(exporters), "--reach", *options])


def test_who_answers_is_said() -> None:
    """A request without a body or credential; any answer will do."""
    with server(b"HTTP/1.1 401 Unauthorized\r\n\r\n") as (port, heard):
        options = {"endpoint": f"http://127.0.0.1:{port}", "token": "hunter2"}
        result = validate({"splunk_hec": options, "nop": None})
    assert result.exit_code == 0, result.output
    assert (
        f"splunk_hec  http://127.0.0.1:{port}  connected, in the clear; answers HTTP 401 Unauthorized" in result.stdout
    )
    assert heard == [b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"]


def test_who_does_not_answer_is_said_and_fails() -> None:
    """Exit code 1; the reason in a few words."""
    [port] = free_ports(1)
    result = validate({"otlp": {"endpoint": f"127.0.0.1:{port}", "tls": {"insecure": True}}}, "--json")
    assert result.exit_code == 1
    [one] = json.loads(result.stdout)["reached"]
    assert (one["exporter"], one["ok"], one["said"]) == ("otlp", False, "Connection refused")


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with server(b"hello, this is no TLS\r\n") as (port, _):
        [one] = reach(load([config({"http": {"url": f"https://127.0.0.1:{port}"}})], environ={}).exporters)
    assert (one.ok, one.said.startswith("TLS: ")) == (False, True)


def test_silence_is_bounded() -> None:
    with server(None) as (port, _):
        exporters = load([config({"http": {"url": f"http://127.0.0.1:{port}"}})], environ={}).exporters
        [one] = reach(exporters, patience_secs=0.2)
    assert (one.ok, one.said) == (False, "no answer within 0.2 s")


@pytest.mark.parametrize("exporters", [{"nop": None}, {"sqlite": None, "debug": None}])
def test_what_stays_on_this_machine_is_not_tried(exporters: dict[str, object]) -> None:
    assert reach(load([config(exporters)], environ={}).exporters) == []


def test_problems_for_machines() -> None:
    """With their codes and places; exit code 2."""
    result = CliRunner().invoke(app, ["validate", "--json", "-c", "yaml:{receivers: {otlp: }}"])
    told = json.loads(result.stdout)
    assert (result.exit_code, told["valid"]) == (2, False)
    assert {"config/missing-section", "config/no-pipeline"} <= {problem["code"] for problem in told["problems"]}
