"""`logboom sessions`: who is in, and out."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.domains.access_file import FILE
from collector.domains.credential import READ
from collector.domains.key_store import KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.session_store import Session, SessionStore

runner = CliRunner()
NOW = int(time.time())


def session(ident: str, **fields: object) -> Session:
    given = {
        "who": "anna",
        "domains": frozenset({"a.example"}),
        "created_at": NOW,
        "expires_at": NOW + 86_400,
        **fields,
    }
    return Session(id=ident, login="oidc", mark="m", scopes=frozenset({READ}), address="::1", used_at=NOW, **given)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    found = SessionStore(tmp_path / FILE)
    found.begin("t1", session("one"))
    found.begin("t2", session("two", who="b\x1b[31mob", domains=None, created_at=NOW + 1))
    return found


def ask(root: Path, *arguments: str) -> tuple[int, str]:
    done = runner.invoke(app, ["sessions", *arguments, "--data-dir", str(root)])
    return done.exit_code, done.stdout


def test_who_is_in(store: SessionStore, tmp_path: Path) -> None:
    """Those that are over are not; what names hold is shown as text."""
    store.begin("t3", session("over", created_at=NOW - 9, expires_at=NOW - 1))
    code, text = ask(tmp_path, "list")
    assert (code, [line.split()[0] for line in text.splitlines()]) == (0, ["id", "two", "one"])
    assert "\x1b" not in text
    two, one = (json.loads(line) for line in ask(tmp_path, "list", "--json")[1].splitlines())
    assert (two["domains"], one["domains"], one["login"], one["scopes"]) == (None, ["a.example"], "oidc", [READ])
    assert "mark" not in one


def test_out(store: SessionStore, tmp_path: Path) -> None:
    assert ask(tmp_path, "end", "one") == (0, "1 ended\n")
    assert store.find("t1") is None
    assert ask(tmp_path, "end", "one")[0] == 1
    assert ask(tmp_path, "end", "--all", "--json") == (0, '{"ended": 1}\n')
    assert ask(tmp_path, "list") == (0, "no sessions\n")
    for wrong in ((), ("two", "--all")):
        assert ask(tmp_path, "end", *wrong)[0] == 2


def test_where_nobody_ever_was(tmp_path: Path) -> None:
    """Nothing is made; a file with keys alone stays of its format."""
    assert ask(tmp_path, "list")[0] == 1
    assert not (tmp_path / FILE).exists()
    made = new_key(KeyKind.READER)
    KeyStore(tmp_path / FILE).add(Key(made.id, KeyKind.READER, "a.example", made.digest))
    assert ask(tmp_path, "list") == (0, "no sessions\n")
