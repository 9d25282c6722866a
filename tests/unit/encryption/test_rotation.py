"""Another master key while processes run: what is encrypted stays readable, at any point of a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.encryption import key_ring as key_rings
from collector.encryption import rotation
from collector.encryption.key_ring import KeyRing
from collector.encryption.master_key import id_of, new_master_key, parsed, written
from collector.encryption.place import KeyPlace, default_keys
from collector.encryption.private_file import write_new
from collector.encryption.rotation import rotate
from collector.encryption.status import key_status
from collector.errors import KeyDestroyed, KeysUnavailable

KEY = new_master_key()


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_rings, "LOOK_SECS", 0.0)


@pytest.fixture
def place(tmp_path: Path) -> KeyPlace:
    write_new(tmp_path / "master.key", written([KEY]))
    return KeyPlace(default_keys(tmp_path), "file", {"path": str(tmp_path / "master.key")})


def started(place: KeyPlace) -> KeyRing:
    ring = place.ring()
    ring.check()
    return ring


def test_a_file(place: KeyPlace, tmp_path: Path) -> None:
    running, other = started(place), started(place)
    sealed = {domain: running.seal(domain, "journal", b"text") for domain in ("a.com", "b.com")}
    done = rotate(place)
    keys = parsed((tmp_path / "master.key").read_text())
    assert keys != [KEY]
    assert done == (id_of(keys[0]), 2, [])
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    for ring in (running, other, started(place)):  # one that holds keys, one that holds none yet, one that is new
        assert [ring.open(domain, "journal", sealed[domain]) for domain in sealed] == [b"text"] * 2
        domain = f"{id(ring)}.com"
        assert started(place).open(domain, "journal", ring.seal(domain, "journal", b"new")) == b"new"
    (tmp_path / "master.key").write_text(written([KEY]))
    with pytest.raises(KeysUnavailable):
        started(place)


@pytest.mark.parametrize("killed_in", ["set_master", "rewrapped", "_keep_first"])
def test_a_rotation_that_was_killed_goes_on(
    place: KeyPlace, tmp_path: Path, killed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = started(place)
    sealed = {domain: running.seal(domain, "journal", b"text") for domain in ("a.com", "b.com")}

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    target = rotation if killed_in == "_keep_first" else rotation.KeyStore
    with monkeypatch.context() as patched:
        patched.setattr(target, killed_in, kill)
        with pytest.raises(Killed):
            rotate(place)
    assert [started(place).open(domain, "journal", sealed[domain]) for domain in sealed] == [b"text"] * 2
    new = running.seal("c.com", "journal", b"text")
    rotate(place)
    assert len(parsed((tmp_path / "master.key").read_text())) == 1
    again = started(place)
    assert [again.open(domain, "journal", sealed[domain]) for domain in sealed] == [b"text"] * 2
    assert again.open("c.com", "journal", new) == b"text"


def test_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = new_master_key()
    place = KeyPlace(default_keys(tmp_path), "environment", {"variable": "MASTER"})
    monkeypatch.setenv("MASTER", KEY.hex())
    sealed = started(place).seal("a.com", "journal", b"text")
    with pytest.raises(KeysUnavailable, match="no new master key"):
        rotate(place)
    monkeypatch.setenv("MASTER", f"{new.hex()} {KEY.hex()}")
    running = started(place)
    assert rotate(place) == (id_of(new), 1, [id_of(KEY)])
    assert running.open("b.com", "journal", running.seal("b.com", "journal", b"text")) == b"text"
    monkeypatch.setenv("MASTER", new.hex())
    assert started(place).open("a.com", "journal", sealed) == b"text"


def test_the_command_and_what_it_says(place: KeyPlace, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["master-key", *arguments, "--data-dir", str(tmp_path)])
        assert done.exit_code in (0, 1), done.output
        shown = {key for path in tmp_path.glob("master.key*") for key in path.read_text().split()}
        assert not [key for key in shown if key in done.output]
        return done.output

    assert "nothing" in run("rotate")
    started(place).seal("a.com", "journal", b"text")
    place.remember(tmp_path)
    assert json.loads(run("rotate", "--json"))["domains"] == 1
    assert "1 domains" in run("rotate")
    (tmp_path / "master.key").chmod(0o644)
    assert "chmod 600" in run("rotate")


def test_what_there_is(place: KeyPlace) -> None:
    ring = started(place)
    ring.seal("a.com", "journal", b"text")
    ring.seal("a.com", "state", b"text", lasting=True)
    sealed = ring.seal("b.com", "journal", b"text")
    ring.destroy("b.com")
    status = key_status(place)
    assert (status.source, status.master) == ("file", id_of(KEY))
    a, b = status.domains
    assert (a.domain, a.data_keys, a.destroyed) == ("a.com", 2, 0)
    assert 0 < a.created_at <= a.oldest <= a.newest
    assert (b.domain, b.created_at, b.data_keys, b.destroyed) == ("b.com", 0, 0, 1)
    with pytest.raises(KeyDestroyed):
        ring.open("b.com", "journal", sealed)
