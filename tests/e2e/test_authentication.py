"""Tokens in a running logboom: asked of senders, shown to a destination, exchanged while it runs."""

from __future__ import annotations

import itertools
import time

import grpc
import pytest

from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import payload
from collector.testing.service import Service
from counterparts.http_recorder import Answer, HttpRecorder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

GUARDED = """
receivers:
  otlp:
    protocols:
      grpc: {{auth: {{authenticator: bearertokenauth}}}}
      http: {{auth: {{authenticator: bearertokenauth}}}}
extensions:
  bearertokenauth: {{filename: "{file}"}}
  bearertokenauth/upstream: {{filename: "{file}", header: X-Token, scheme: ""}}
exporters:
  otlp_http: {{endpoint: "{upstream}", compression: none, auth: {{authenticator: bearertokenauth/upstream}}}}
service:
  extensions: [health_check, bearertokenauth, bearertokenauth/upstream]
  pipelines: {{logs: {{receivers: [otlp], processors: [categorize, triage], exporters: [sqlite, otlp_http]}}}}
"""


SIZES = itertools.count(1)
"""No request is the same as another, which would be a duplicate."""


def send(service: Service, token: str) -> str:
    """The status over gRPC."""
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc}") as channel:
        try:
            metadata = (("authorization", f"Bearer {token}"), ("x-logboom-domain", "tamyla.com"))
            channel.unary_unary(GRPC_PATH)(payload(next(SIZES)), timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"


def until(service: Service, token: str, wanted: str) -> None:
    deadline = time.monotonic() + 30
    while send(service, token) != wanted:
        assert time.monotonic() < deadline, service.log.read_text()[-4000:]
        time.sleep(0.1)


def test_tokens_are_exchanged_while_it_runs(tmp_path):
    """Who knows the token of the file is let in, and what it sent goes on with it; after an exchange the new one alone counts, on
    both sides; the probe does not need it; no log line holds one."""
    file = tmp_path / "tokens"
    file.write_text("hunter2-before")
    with HttpRecorder(lambda _: Answer(b"", 200, {"Content-Type": "application/x-protobuf"})) as upstream:
        with Service(tmp_path, GUARDED.format(file=file, upstream=upstream.url)) as service:
            assert send(service, "hunter2-wrong") == "UNAUTHENTICATED"
            assert send(service, "hunter2-before") == "OK"
            service.await_stored(2)
            new = tmp_path / "new"
            new.write_text("hunter2-after")
            new.replace(file)
            until(service, "hunter2-before", "UNAUTHENTICATED")
            until(service, "hunter2-after", "OK")
            deadline = time.monotonic() + 30
            shown: list[str] = []
            while "hunter2-after" not in shown and time.monotonic() < deadline:
                assert send(service, "hunter2-after") == "OK"  # the worker looks at the file in a second of its own
                shown += [got.headers["x-token"] for got in upstream.taken()]
                time.sleep(0.1)
            assert set(shown) == {"hunter2-before", "hunter2-after"}
            assert service.get("/ready")[0] == 200
            assert service.terminate() == 0
        assert "hunter2" not in service.log.read_text()


def test_a_file_that_is_not_there(tmp_path):
    """logboom does not start, and says what is missing in one sentence."""
    service = Service(tmp_path, GUARDED.format(file=tmp_path / "tokens", upstream="http://127.0.0.1:9"))
    service.start()
    assert service.process is not None
    assert service.process.wait(60) == 1
    log = service.log.read_text()
    assert f"the token file {tmp_path / 'tokens'} cannot be read: No such file or directory" in log
    assert "Traceback" not in log
