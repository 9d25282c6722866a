"""Sessions and links in access.db: found by what only their owner has, over when they are, and beside the keys of older formats."""

from __future__ import annotations

import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from collector.domains.access_file import FILE
from collector.domains.credential import READ
from collector.domains.key_store import KeyFile, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.session_store import Link, Session, SessionStore, SessionsUnreadable, new_token

SESSION = Session("s1", "basicauth", "anna", "m", frozenset({READ}), frozenset({"a.example"}), "::1", 100, 100, 200)
LINK = Link("root", frozenset({READ}), None, 200)


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / FILE)


def format_of(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_a_session_from_its_beginning_to_its_end(store: SessionStore) -> None:
    token = new_token()
    assert (store.find(token), store.all()) == (None, [])
    store.begin(token, SESSION)
    assert store.find(token) == SESSION
    assert store.find(token + "x") is store.find("") is None
    store.used(token, 150)
    store.used(token, 120)
    assert store.find(token) == replace(SESSION, used_at=150)
    store.end(token)
    assert store.find(token) is None


def test_what_opens_it_stands_in_no_file(store: SessionStore, tmp_path: Path) -> None:
    token, link = new_token(), new_token()
    store.begin(token, SESSION)
    store.add_link(link, LINK)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert token.encode() not in path.read_bytes()
        assert link.encode() not in path.read_bytes()


def test_those_that_are_over_go_and_nobody_has_more_than_fifty(store: SessionStore) -> None:
    store.begin("old", SESSION)
    for number in range(60):
        store.begin(
            f"t{number}",
            replace(SESSION, id=f"n{number}", created_at=200 + number, used_at=200 + number, expires_at=900),
        )
    store.begin("bob", replace(SESSION, id="b", who="bob", created_at=300, used_at=300, expires_at=900))
    assert store.find("old") is store.find("t9") is None
    assert store.find("t10") is not None
    assert len(store.all()) == 51
    assert store.end_of("n59") == 1
    assert store.find("t59") is None
    assert (store.end_of(), store.all()) == (50, [])


def test_a_link_lets_in_once_and_not_when_it_is_over(store: SessionStore) -> None:
    store.add_link("one", LINK)
    store.add_link("late", LINK)
    assert store.redeem("none", 100) is None
    assert store.redeem("one", 100) == LINK
    assert store.redeem("one", 100) is None
    assert store.redeem("late", 200) is None
    assert store.redeem("late", 100) is None


def test_where_the_console_is(store: SessionStore) -> None:
    """Who tells first is told so: nobody has logged in to this data directory before."""
    assert store.console_address() == ""
    assert (store.console_at("http://a"), store.console_at("http://b")) == (True, False)
    assert store.console_address() == "http://b"


def test_a_file_of_before_opens_and_its_keys_stay(store: SessionStore, tmp_path: Path) -> None:
    """It is of the format before until something of now is kept; who follows the keys goes on."""
    made = new_key(KeyKind.INGEST)
    key = Key(made.id, KeyKind.INGEST, "a.example", made.digest, created_at=1)
    KeyStore(tmp_path / FILE).add(key)
    file = KeyFile(tmp_path / FILE)
    assert file.changed() == [key]
    assert (store.find("x"), store.all(), store.console_address()) == (None, [], "")
    assert format_of(tmp_path / FILE) == 1
    store.begin("x", SESSION)
    assert format_of(tmp_path / FILE) == 2
    assert KeyStore(tmp_path / FILE).all() == file.changed() == [key]
    KeyStore(tmp_path / FILE).revoke(key.id, 5)
    assert [found.revoked_at for found in file.changed() or []] == [5]
    assert store.find("x") == SESSION
    file.close()


def test_what_a_later_logboom_wrote_is_told(store: SessionStore, tmp_path: Path) -> None:
    store.begin("x", SESSION)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    for ask in (lambda: store.find("x"), lambda: store.begin("y", SESSION), lambda: store.redeem("z", 1)):
        with pytest.raises(SessionsUnreadable, match="later logboom"):
            ask()
