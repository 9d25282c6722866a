"""`logboom login`: a link into the console of a data directory, good once."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.domains.access_file import FILE
from collector.domains.credential import ROLES
from collector.domains.session_store import Link, SessionStore

runner = CliRunner()


def login(root: Path, *arguments: str) -> tuple[int, str, str]:
    done = runner.invoke(app, ["login", "--data-dir", str(root), *arguments])
    return done.exit_code, done.stdout.strip(), done.stderr


def redeemed(root: Path, link: str) -> Link | None:
    return SessionStore(root / FILE).redeem(link.partition("/login?link=")[2], int(time.time()))


def test_it_leads_to_where_the_console_last_was(tmp_path: Path) -> None:
    code, link, said = login(tmp_path)
    assert (code, link.startswith("http://localhost:8080/login?link=")) == (0, True)
    assert "--url" in said
    SessionStore(tmp_path / FILE).console_at("https://logs.example/x")
    code, link, said = login(tmp_path)
    assert (code, link.startswith("https://logs.example/x/login?link=")) == (0, True)
    assert "--url" not in said
    assert login(tmp_path, "--url", "http://there:1/")[1].startswith("http://there:1/login?link=")
    found = redeemed(tmp_path, link)
    assert found is not None
    assert (found.scopes, found.domains) == (ROLES["admin"], None)
    assert found.who
    assert 0 < found.expires_at - time.time() <= 600
    assert redeemed(tmp_path, link) is None


def test_it_says_who_may_what(tmp_path: Path) -> None:
    options = (
        "--role",
        "viewer",
        "--domain",
        "a.example",
        "--domain",
        "B.example",
        "--name",
        "anna",
        "--expires",
        "1d",
    )
    code, said, _ = login(tmp_path, *options, "--json")
    told = json.loads(said)
    assert (code, told["role"], told["domains"]) == (0, "viewer", ["a.example", "b.example"])
    found = redeemed(tmp_path, told["link"])
    assert found == Link("anna", ROLES["viewer"], frozenset({"a.example", "b.example"}), told["expires_at"])


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--expires", "x"), 2), (("--domain", ".."), 2), (("--role", "god"), 2)]
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    assert login(tmp_path, *arguments)[0] == code
    assert not (tmp_path / FILE).exists()


def test_there_must_be_a_data_directory(tmp_path: Path) -> None:
    assert login(tmp_path / "none")[0] == 1
    assert not (tmp_path / "none").exists()
