"""A destination that is down, and budgets that are tiny: senders wait, nobody loses anything."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from collector.cli.traffic.client import METHOD
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import HEADER, NumberedSenders, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
PADDING = "x" * 200_000


def refusal_over_grpc(service: Service, body: bytes) -> tuple[grpc.StatusCode, float] | None:
    """Code and seconds of RetryInfo; None when it was accepted."""
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc}") as channel:
        try:
            channel.unary_unary(METHOD)(body, timeout=20.0, metadata=((HEADER, "tamyla.com"),))
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata())
            status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
            info = error_details_pb2.RetryInfo()
            assert status.details[0].Unpack(info)
            return error.code(), info.retry_delay.ToMilliseconds() / 1000
    return None


def refusal_over_http(service: Service, body: bytes) -> tuple[int, str]:
    """Status and Retry-After."""
    headers = {"Content-Type": "application/x-protobuf", HEADER: "tamyla.com"}
    asked = urllib.request.Request(f"http://127.0.0.1:{service.http}/v1/logs", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Retry-After", "")


def test_a_full_journal_makes_senders_wait_and_recovers(tmp_path: Path) -> None:
    """503 on `/ready` and RetryInfo while nothing fits; when the destination is back, all that was promised arrives."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    second = Service(tmp_path / "second")
    override = {
        "exporters": {"otlp": {"endpoint": f"127.0.0.1:{second.grpc}", "tls": {"insecure": True},
                               "headers": {HEADER: "tamyla.com"},
                               "retry_on_failure": {"initial_interval": "200ms", "max_interval": "1s"},
                               "sending_queue": {"sizer": "bytes", "queue_size": 1_000_000}}},
        "service": {"journal": {"max_bytes": "4MiB", "max_domain_share": 1},
                    "ledger": {"max_bytes": "16MiB"},
                    "pipelines": {"logs": {"processors": [], "exporters": ["otlp"]}}},
    }  # fmt: skip
    first = Service(tmp_path / "first", json.dumps(override))
    try:
        first.start()
        first.await_ready()
        accepted, deadline = 0, time.monotonic() + 60
        while (refused := refusal_over_grpc(first, request(range(accepted, accepted + 1), PADDING))) is None:
            accepted += 1
            assert time.monotonic() < deadline, f"{accepted} accepted, and no end"
        assert refused[0] == grpc.StatusCode.UNAVAILABLE
        assert 0 < refused[1] < 5
        status, retry_after = refusal_over_http(first, request(range(accepted, accepted + 1), PADDING))
        assert (status, bool(retry_after)) == (503, True)
        while first.get("/ready")[0] != 503:
            assert time.monotonic() < deadline
            refusal_over_grpc(first, request(range(accepted, accepted + 1), PADDING))
        assert first.health_body()["phase"] == "refusing"
        assert first.get("/live")[0] == 200
        second.start()
        second.await_ready()
        second.await_stored(accepted, seconds=60)
        first.await_ready()
        senders = NumberedSenders(first.grpc, first.http, ("tamyla.com",))
        senders.start()
        time.sleep(0.5)
        senders.stop()
        assert senders.acknowledged == senders.sent
        second.await_stored(accepted + len(senders.acknowledged), seconds=60)
        assert first.terminate() == 0
        assert_directory_conserved(first.data, "logs")
    finally:
        first.kill()
        second.kill()
