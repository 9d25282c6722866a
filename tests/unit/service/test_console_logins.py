"""Where the console says it is, and the one link that a container prints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from collector.domains.access_file import FILE
from collector.domains.session_store import SessionStore
from collector.extensions.console.config import ConsoleConfig
from collector.service import console_logins
from collector.service.console_logins import IN_CONTAINER, announce


def options(**more: Any) -> ConsoleConfig:
    return ConsoleConfig.model_validate({"endpoint": "0.0.0.0:8080", "login": {}, **more})


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No container, wherever the tests run."""
    monkeypatch.delenv(IN_CONTAINER, raising=False)
    for name in ("_CONTAINER", "_PODMAN"):
        monkeypatch.setattr(console_logins, name, tmp_path / "none")


@pytest.mark.parametrize(
    ("more", "address", "url"),
    [
        ({}, "0.0.0.0:8080", "http://localhost:8080"),
        ({}, "[::]:8080", "http://localhost:8080"),
        ({}, "[::1]:8080", "http://[::1]:8080"),
        ({"base_path": "/x"}, "10.0.0.1:80", "http://10.0.0.1:80/x"),
        ({"tls": {"cert_file": "c", "key_file": "k"}}, "127.0.0.1:443", "https://127.0.0.1:443"),
        ({"public_url": "https://logs.example"}, "0.0.0.0:8080", "https://logs.example"),
    ],
)
def test_browsers_reach_it_there(tmp_path: Path, more: dict[str, Any], address: str, url: str) -> None:
    announce(options(**more), tmp_path, address)
    assert SessionStore(tmp_path / FILE).console_address() == url


def test_a_container_prints_a_link_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For an hour, for whoever reads its output, at the first start of the data directory."""
    monkeypatch.setenv(IN_CONTAINER, "1")
    announce(options(), tmp_path, "0.0.0.0:8080")
    said = capsys.readouterr().out
    token = said.strip().rpartition("/login?link=")[2]
    announce(options(), tmp_path, "0.0.0.0:8080")
    assert capsys.readouterr().out == ""
    link = SessionStore(tmp_path / FILE).redeem(token, int(time.time()))
    assert link is not None
    assert link.expires_at <= time.time() + 3600


def test_elsewhere_nothing_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    announce(options(), tmp_path, "0.0.0.0:8080")
    announce(ConsoleConfig(), tmp_path / "none", "127.0.0.1:8080")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "none").exists()
