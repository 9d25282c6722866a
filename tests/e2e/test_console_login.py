"""The console of a real service that other machines reach: the first link, keys that come and go, a reload, and what is told of it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from collector.service.console_logins import IN_CONTAINER
from collector.testing.service import Service, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_PATIENCE_SECS = 90.0


def logboom(service: Service, *arguments: str) -> dict[str, str]:
    """What a command prints as JSON."""
    command = [sys.executable, "-P", "-m", "collector.cli", *arguments, "--data-dir", str(service.data), "--json"]
    found: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def until(asked: Callable[[], bool], service: Service) -> None:
    deadline = time.monotonic() + _PATIENCE_SECS
    while not asked():
        assert time.monotonic() < deadline, service.log.read_text()[-4000:]
        time.sleep(0.1)


def status(url: str, **more: str) -> int:
    try:
        return httpx.get(url, headers=more, timeout=30).status_code
    except httpx.TransportError:
        return 0


def followed(link: str) -> httpx.Client:
    """A browser that went there, and pressed the button."""
    base, _, token = link.partition("/login?link=")
    client = httpx.Client(base_url=base, timeout=30)
    assert 'action="/login/link"' in client.get("/login", params={"link": token}).text
    came = client.post("/login/link", data={"link": token}, headers={"origin": base})
    assert came.status_code == 303
    return client


def test_from_the_first_link_to_a_key_that_is_taken_back(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    override = (
        f"extensions: {{api_keys: {{}}, console: {{endpoint: '0.0.0.0:{port}', login: {{authenticators: [api_keys]}}}}}}\n"
        "receivers: {otlp: {protocols: {grpc: {auth: {authenticator: api_keys}}, http: {auth: {authenticator: api_keys}}}}}\n"
        "service: {extensions: [console, health_check, api_keys]}"
    )
    url = f"http://127.0.0.1:{port}"
    with Service(tmp_path, override, env={IN_CONTAINER: "1"}) as service, ExitStack() as browsers:
        until(lambda: status(f"{url}/login") == 200, service)
        assert status(f"{url}/api/v1/me") == 401
        until(lambda: "/login?link=" in service.log.read_text(), service)
        [first] = re.findall(r"http://localhost:\d+/login\?link=[\w-]+", service.log.read_text())
        people = browsers.enter_context(closing(followed(first.replace("localhost", "127.0.0.1"))))
        assert people.get("/api/v1/me").json()["role"] == "admin"
        made = logboom(service, "login", "--role", "viewer", "--domain", "tamyla.com", "--name", "anna")["link"]
        anna = browsers.enter_context(closing(followed(made.replace("localhost", "127.0.0.1"))))
        assert anna.get("/api/v1/me").json() == {
            "name": "anna",
            "role": "viewer",
            "domains": ["tamyla.com"],
            "login": "link",
            "privacy": False,
            "masked": True,
        }
        key = logboom(service, "keys", "create", "--domain", "tamyla.com", "--kind", "reader")
        bearer = {"authorization": f"Bearer {key['key']}"}
        until(lambda: status(f"{url}/api/v1/me", **bearer) == 200, service)
        assert status(f"{url}/api/v1/logs?domain=wetechfounders.com", **bearer) == 404
        before = {child.pid for child in service.children()}
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        until(lambda: before.isdisjoint({child.pid for child in service.children()}), service)
        until(lambda: status(f"{url}/login") == 200, service)
        assert people.get("/api/v1/me").status_code == anna.get("/logs").status_code == 200
        logboom(service, "keys", "revoke", key["id"])
        until(lambda: status(f"{url}/api/v1/me", **bearer) == 401, service)
        told = "SELECT DISTINCT json_extract(attributes, '$.\"user.id\"') FROM logs WHERE event_name = 'logboom.service.console.login' ORDER BY 1"
        service.await_rows(told, [("admin",), ("anna",)])
        refused = (
            "SELECT DISTINCT json_extract(attributes, '$.\"logboom.receiver\"') FROM logs WHERE event_name = 'logboom.service.auth.failed'"
            " AND json_extract(attributes, '$.\"error.type\"') = 'revoked'"
        )
        service.await_rows(refused, [("console",)])
        assert service.log.read_text().count("/login?link=") == 1
        assert service.terminate() == 0
        secrets = [link.partition("link=")[2] for link in (first, made)] + [
            client.cookies[f"lb-{port}"] for client in (people, anna)
        ]
        for path in service.data.rglob("*"):
            if path.is_file():
                held = path.read_bytes()
                assert not [secret for secret in secrets if secret.encode() in held], path
