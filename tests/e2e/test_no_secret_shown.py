"""Destinations and token services that repeat what they were shown: the credential stands in no log, event, health, metric, file or answer."""

from __future__ import annotations

import base64
import json
import time

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.testing.payloads import payload
from collector.testing.service import Service
from counterparts.http_recorder import Answer, HttpRecorder, Received

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

MARK = "marker5f3a9c1e7b2d4608"
SIGNING = base64.b64encode(b"signing-secret-of-the-webhook-exporter").decode()
CONFIG = """
extensions:
  bearertokenauth/in: {{token: "{mark}-in"}}
  bearertokenauth/out: {{token: "{mark}-out"}}
  basicauth/out: {{client_auth: {{username: someone, password: "{mark}-basic"}}}}
  oauth2client: {{client_id: me, client_secret: "{mark}-oauth", token_url: "{url}/token"}}
  headers_setter: {{headers: [{{key: x-tenant, value: "{mark}-set"}}]}}
  opamp: {{server: {{http: {{endpoint: "{url}/v1/opamp", headers: {{x-token: "{mark}-opamp"}}}}}}}}
  backup: {{to: "{folder}/backup", storage: {{secret_access_key: "{mark}-s3"}}}}
receivers: {{otlp: {{protocols: {{http: {{auth: {{authenticator: bearertokenauth/in}}}}}}}}}}
exporters:
  otlp_http/bearer: {{endpoint: "{url}", auth: {{authenticator: bearertokenauth/out}}}}
  otlp_http/basic: {{endpoint: "{url}", auth: {{authenticator: basicauth/out}}}}
  otlp_http/oauth: {{endpoint: "{url}", auth: {{authenticator: oauth2client}}}}
  otlp_http/set: {{endpoint: "{url}", auth: {{authenticator: headers_setter}}}}
  otlp_http/dead: {{endpoint: "{url}/dead", headers: {{x-token: "{mark}-header"}}}}
  elasticsearch: {{endpoints: ["{url}"], api_key: "{mark}-elastic"}}
  elasticsearch/user: {{endpoints: ["{url}"], user: someone, password: "{mark}-password"}}
  splunk_hec: {{endpoint: "{url}", token: "{mark}-splunk"}}
  datadog: {{endpoint: "{url}", api: {{key: "{mark}-datadog"}}}}
  loki: {{endpoint: "{url}", headers: {{authorization: "Bearer {mark}-loki"}}}}
  webhook: {{url: "{url}/{mark}-in-url", signing_secrets: ["whsec_{signing}"], headers: {{x-api-key: "{mark}-web"}}}}
  d1: {{account_id: a, api_token: "{mark}-cloudflare", database_id: d, base_url: "{url}"}}
  nop: {{redact: {{hash_key: "{mark}-hash"}}}}
service:
  processes: {{shutdown_timeout: 1s}}
  extensions: [health_check, bearertokenauth/in, bearertokenauth/out, basicauth/out, oauth2client, headers_setter, backup, opamp]
  pipelines:
    logs:
      receivers: [otlp]
      exporters: [sqlite, otlp_http/bearer, otlp_http/basic, otlp_http/oauth, otlp_http/set, otlp_http/dead, elasticsearch, elasticsearch/user,
                  splunk_hec, datadog, loki, webhook, d1, nop]
"""


def repeats(got: Received) -> Answer:
    """All that it was shown, in the words of an error: refused for good where records become dead letters, else for now."""
    said = json.dumps({"error": f"{got.path} {got.headers} {got.body[:500]!r} is wrong"}).encode()
    return Answer(said, 400 if got.path.startswith("/dead") else 401)


def marks() -> list[bytes]:
    """The secrets in each form in which they travel."""
    basic = [base64.b64encode(f"someone:{MARK}-{name}".encode()).rstrip(b"=") for name in ("basic", "password")]
    return [MARK.encode(), base64.b64encode(MARK.encode())[:24], SIGNING.encode(), *basic]


def test_no_secret_is_shown(tmp_path):
    with HttpRecorder(repeats) as upstream:
        written = CONFIG.format(url=upstream.url, mark=MARK, folder=tmp_path, signing=SIGNING)
        with Service(tmp_path, written) as service:
            assert post(service, f"Bearer {MARK}-in") == 200
            assert post(service, f"Bearer {MARK}-wrong") == 401
            asked = {
                "otlp_http/dead",
                "otlp_http/bearer",
                "elasticsearch",
                "webhook",
                "d1",
                "splunk_hec",
                "datadog",
                "loki",
            }
            deadline = time.monotonic() + 60
            words = {"the OpAMP server", *(f"exporter {name} " for name in asked)}
            while not all(each in service.log.read_text() for each in words):
                assert time.monotonic() < deadline, service.log.read_text()[-6000:]
                time.sleep(0.2)
            service.await_stored(1)
            said = service.get("/")[1] + service.get("/ready")[1] + service.get("/metrics", service.metrics)[1]
            runner = CliRunner()
            arguments = ["--config", str(service.config), "--config", f"yaml:{written}"]
            for command in (
                ["deadletter", "list", "--json", "--data-dir", str(service.data)],
                ["doctor", "--json", *arguments, "--data-dir", str(service.data)],
                ["validate", "--reach", *arguments], ["print-config", *arguments],
                ["query", "--json", "--data-dir", str(service.data), "SELECT * FROM logs"],
            ):  # fmt: skip
                said += runner.invoke(app, command).output
            assert service.terminate() == 0
        assert "otlp_http/dead" in said
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path != service.config]
        for where, text in [("what was said", said.encode()), *((path, path.read_bytes()) for path in files)]:
            for mark in marks():
                at = text.find(mark)
                assert at < 0, (where, text[max(0, at - 300) : at + 100])
        assert any("backup" in path.parts for path in files)


def post(service: Service, authorization: str) -> int:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs", payload(1),
        {"authorization": authorization, "content-type": "application/x-protobuf"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
