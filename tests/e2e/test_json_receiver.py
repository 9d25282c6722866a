"""A running logboom takes JSON without any SDK: it is sorted, triaged and stored; what equals and has no time is kept each time."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from collector.testing.service import Service, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

JSON = """
receivers:
  json: {{endpoint: "127.0.0.1:{port}", auth: {{authenticator: bearertokenauth}}}}
extensions: {{bearertokenauth: {{token: hunter2}}}}
service:
  extensions: [health_check, bearertokenauth]
  pipelines: {{logs: {{receivers: [otlp, json]}}}}
"""


def post(port: int, body: str, token: str = "hunter2") -> tuple[int, bytes]:
    """As curl does it."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/logs", body.encode(), {"Authorization": f"Bearer {token}", "Host": "logs.tamyla.com"})  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_from_curl_to_the_store(tmp_path):
    """Through a SIGKILL, too."""
    port = free_ports(1)[0]
    with Service(tmp_path, JSON.format(port=port)) as service:
        assert post(port, '{"level":"error","message":"boom","service":"api"}') == (202, b'{"accepted":1}')
        for _ in range(3):
            assert post(port, '{"level":"info","message":"tick"}')[0] == 202
        service.await_stored(4)
        service.kill()
        service.start()
        service.await_ready()
        assert post(port, '{"message":"after"}\n{"message":"again"}')[0] == 202
        service.await_stored(6)
        assert sorted(service.rows("SELECT body, domain, service_name FROM sent")) == [
            ("after", "tamyla.com", None), ("again", "tamyla.com", None), ("boom", "tamyla.com", "api"),
            ("tick", "tamyla.com", None), ("tick", "tamyla.com", None), ("tick", "tamyla.com", None),
        ]  # fmt: skip
        assert post(port, '{"message":"x"}', "wrong")[0] == 401  # the service tells of it in an event of its own
        assert service.get("/ready")[0] == 200
        assert service.terminate() == 0
