"""access.db: durable, private, followed within one look, and never guessed at."""

from __future__ import annotations

import sqlite3
import stat
import threading

import pytest

from collector.domains.key_store import KeyFile, KeyStore, KeysUnreadable, NoSuchKey
from collector.domains.keys import Key, KeyKind, new_key


def key(**fields) -> Key:
    made = new_key(KeyKind.INGEST)
    return Key(made.id, KeyKind.INGEST, "tamyla.com", made.digest, **{"created_at": 1, **fields})


@pytest.fixture
def store(tmp_path):
    return KeyStore(tmp_path / "data" / "access.db")


@pytest.fixture
def file(tmp_path):
    found = KeyFile(tmp_path / "data" / "access.db")
    yield found
    found.close()


FULL = {
    "name": "till 7", "not_before": 2, "expires_at": 3, "networks": ("10.0.0.0/8",), "origins": ("https://a",),
    "scopes": ("logs:read",), "multi_domain": True, "limit": {"bytes_per_second": 5.5}, "successor": "x",
}  # fmt: skip


def test_every_field_comes_back(store):
    """As it was given."""
    whole = key(**FULL)
    store.add(whole)
    assert store.all() == [whole]
    assert store.find(whole.id) == whole


def test_nobody_else_reads_it(store, tmp_path):
    """The file and its log are the user's alone."""
    store.add(key())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()} == {0o600}


def test_what_is_not_there(store):
    """No file is no key; a key that nobody made can't be changed, and changes nothing."""
    assert store.all() == []
    store.add(key())
    before = store.all()
    for change in (
        lambda: store.find("nobody"), lambda: store.revoke("nobody", 5), lambda: store.rotate(key(), "nobody", 5),
    ):  # fmt: skip
        with pytest.raises(NoSuchKey, match="nobody"):
            change()
    assert store.all() == before


def test_revoking(store):
    """The first time counts; what is to come is brought forward."""
    one, late = key(), key(revoked_at=100)
    store.add(one)
    store.add(late)
    for at in (50, 60):
        store.revoke(one.id, at)
        store.revoke(late.id, at)
    assert [found.revoked_at for found in store.all()] == [50, 50]


def test_rotating(store):
    """The successor is there in the same moment, and the old one never lives longer than it was to."""
    one, short = key(), key(expires_at=10)
    store.add(one)
    store.add(short)
    heir = key(created_at=2)
    store.rotate(heir, one.id, 100)
    store.rotate(key(created_at=3), short.id, 100)
    assert (store.find(one.id).expires_at, store.find(one.id).successor) == (100, heir.id)
    assert store.find(short.id).expires_at == 10
    assert len(store.all()) == 4


def test_last_used_only_grows(store):
    """Several processes write it, whichever is last."""
    one = key()
    store.add(one)
    for at in (7, 5):
        store.used({one.id: at, "nobody": at})
    assert store.find(one.id).last_used == 7


def test_a_process_follows(store, file):
    """Each commit of others is seen at the next look, and none where nothing happened."""
    assert (file.changed(), file.changed()) == ([], None)
    one = key()
    store.add(one)
    assert (file.changed(), file.changed()) == ([one], None)
    store.revoke(one.id, 5)
    assert [found.revoked_at for found in file.changed() or []] == [5]
    assert file.changed() is None


def test_another_file_in_its_place(store, file, tmp_path):
    """A backup that is put back is read; a file that is gone is told, until there is one again."""
    one, other = key(), key()
    store.add(one)
    assert file.changed() == [one]
    elsewhere = KeyStore(tmp_path / "backup.db")
    elsewhere.add(other)
    with sqlite3.connect(tmp_path / "backup.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for suffix in ("-wal", "-shm"):
        (tmp_path / "data" / f"access.db{suffix}").unlink(missing_ok=True)
    (tmp_path / "backup.db").replace(tmp_path / "data" / "access.db")
    assert file.changed() == [other]
    (tmp_path / "data" / "access.db").unlink()
    for _ in range(2):
        with pytest.raises(KeysUnreadable, match="gone"):
            file.changed()
    store.add(one)
    assert file.changed() == [one]


@pytest.mark.parametrize("what", ["rubbish", "a later format"])
def test_what_can_not_be_read(store, file, tmp_path, what):
    """It is told in a sentence, by who reads and by who would write, and nothing is changed."""
    path = tmp_path / "data" / "access.db"
    if what == "rubbish":
        path.parent.mkdir()
        path.write_bytes(b"no database" * 1000)
    else:
        store.add(key())
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 9")
        connection.close()
    for ask in (file.changed, store.all, lambda: store.add(key())):
        with pytest.raises(KeysUnreadable, match=r"can't be read|later logboom"):
            ask()


def test_two_write_at_once(store):
    """Each waits for the other; all keys are there."""
    keys = [key() for _ in range(20)]
    threads = [threading.Thread(target=store.add, args=(each,)) for each in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {found.id for found in store.all()} == {each.id for each in keys}
