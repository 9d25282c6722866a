"""Web pages in a real Chromium, with the OpenTelemetry web SDK and `sendBeacon`, and a key that everybody can read.

Chromium comes from Debian's packages, the SDK and esbuild from npm; both are needed and never skipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.component import Context
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.resolver import DomainRules
from collector.extensions.api_keys import FACTORY
from counterparts.chromium import Pages
from counterparts.receiving import Receiving, receiving

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).parent / "browser"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
SECS = 30.0


@pytest.fixture(scope="module")
def script() -> bytes:
    """page.mjs with the SDK in one file, made once for each version of both."""
    sources = [(SOURCES / name).read_bytes() for name in ("package.json", "package-lock.json", "page.mjs")]
    made = CACHE / f"page-{hashlib.sha256(b''.join(sources)).hexdigest()[:16]}.js"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
            run("npx", "esbuild", "page.mjs", "--bundle", "--format=esm", "--outfile=out.js", folder=folder)
            (Path(folder) / "out.js").rename(made)
    return made.read_bytes()


def run(*command: str, folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, f"{command[0]} failed; Node 20 and npm are needed:\n{done.stderr}"


def received(running: Receiving) -> dict[str, list[str]]:
    """Body → the values of the mark."""
    return {
        record.body.string_value: [pair.value.string_value for pair in record.attributes if pair.key == "logboom.sender.trust"]
        for payload in running.intake.payloads
        for resource_logs in ExportLogsServiceRequest.FromString(payload.body).resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    }  # fmt: skip


def await_answers(running: Receiving, count: int) -> None:
    """A beacon is on its way when the page is done already."""
    deadline = time.monotonic() + SECS
    while time.monotonic() < deadline:
        statistics = running.admission.statistics()
        if statistics.accepted_requests + sum(statistics.refused_requests.values()) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"not {count} requests: {running.admission.statistics()}")


def test_a_page_sends_with_its_key_and_another_page_does_not(script, tmp_path):
    """Its SDK's records and its beacon's arrive, marked; the same page under another origin gets nothing in: CORS keeps its SDK from
    sending, and its beacon, which no preflight stops, is refused for its origin."""
    pages = Pages(script)
    origin, other = f"http://localhost:{pages.port}", f"http://127.0.0.1:{pages.port}"
    key = new_key(KeyKind.BROWSER)
    KeyStore(tmp_path / FILE).add(Key(key.id, KeyKind.BROWSER, "tamyla.com", key.digest, origins=(origin,)))
    extension = FACTORY.create(FACTORY.config(), Context("api_keys", tmp_path))
    extension.start()
    http = {"auth": {"authenticator": "api_keys"}, "cors": {"allowed_origins": [origin]}}
    rules = DomainRules(names=["tamyla.com"], default=None)
    with (
        pages.serving(),
        receiving({"protocols": {"http": http}}, rules=rules, extensions={"api_keys": extension}) as running,
    ):
        url = f"http://{running.http}/v1/logs"
        with pages.shown(origin, tmp_path / "one", url=url, key=key.text) as queued:
            await_answers(running, 3)
        assert queued == "true"
        assert received(running) == {
            name: ["public"] for name in ("first of the SDK", "second of the SDK", "of the beacon")
        }
        with pages.shown(other, tmp_path / "two", url=url, key=key.text) as queued:
            await_answers(running, 4)
        assert queued == "true"
        assert running.admission.statistics().refused_requests == {"PermissionDenied": 1}
        assert len(running.intake.payloads) == 3
    extension.shutdown()
