"""Where the master key comes from, and what is said when it does not."""

from __future__ import annotations

import sys
from base64 import b64encode
from pathlib import Path

import pytest

from collector.encryption import sources
from collector.encryption.master_key import LocalMasterKey, MasterKeySource, id_of, new_master_key, parsed, written
from collector.encryption.place import KeyPlace
from collector.encryption.sources import opened
from collector.errors import KeysUnavailable

KEY = bytes(range(11, 43))


def file(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_from_a_file_the_environment_and_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path / "master.key", written([KEY]))
    monkeypatch.setenv("MASTER", KEY.hex())
    command = [sys.executable, "-c", f"print({b64encode(KEY).decode()!r})"]
    for name, options in (
        ("file", {"path": path}),
        ("environment", {"variable": "MASTER"}),
        ("command", {"command": command, "timeout": 60}),
    ):
        assert opened(name, options).ids == [id_of(KEY)]


def test_older_keys_stand_behind_the_new_one(tmp_path: Path) -> None:
    new = new_master_key()
    master = opened("file", {"path": file(tmp_path / "key", written([new, KEY]))})
    assert master.ids == [id_of(new), id_of(KEY)]
    assert master.unwrap(master.wrap(b"1" * 32, "a.com", id_of(KEY)), "a.com") == b"1" * 32
    with pytest.raises(KeysUnavailable):
        master.unwrap(master.wrap(b"1" * 32, "a.com", id_of(KEY)), "b.com")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = file(tmp_path / "key", written([KEY]), mode)
    with pytest.raises(KeysUnavailable, match="chmod 600"):
        opened("file", {"path": path})


@pytest.mark.parametrize(
    "text", ["", "   \n", "short", "#" * 44, b64encode(KEY[:31]).decode(), "00" * 31, KEY.hex()[:-1] + "g"]
)
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeysUnavailable, match="can't be used") as raised:
        opened("file", {"path": file(tmp_path / "key", text)})
    assert not text.strip() or text not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("file", {"path": "/no/such/file"}, "No such file"),
        ("file", {"path": "/"}, "can't be read|no regular file"),
        ("environment", {"variable": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ("command", {"command": ["/no/such/program"]}, "can't be started"),
        ("command", {"command": ["false"]}, "ended with 1"),
        ("command", {"command": ["sleep", "60"], "timeout": 0.05}, "longer than"),
        ("no_such_plugin", {}, "no plugin"),
    ],
)  # fmt: skip
def test_a_key_that_is_not_there(name: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(KeysUnavailable, match=said):
        opened(name, options)


def test_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    made = MasterKeySource("ours", lambda options: LocalMasterKey(lambda: [bytes.fromhex(str(options["key"]))]))

    class Entry:
        name, value = "kms", "there:SOURCE"

        def load(self) -> object:
            return made

    monkeypatch.setattr(sources, "entry_points", lambda group: [Entry()] if group == sources.GROUP else [])
    sources.source.cache_clear()
    try:
        assert opened("kms", {"key": KEY.hex()}).ids == [id_of(KEY)]
        with pytest.raises(KeysUnavailable, match="can't be had"):
            opened("kms", {"key": "no"})
    finally:
        sources.source.cache_clear()


def test_where_the_keys_are_is_remembered(tmp_path: Path) -> None:
    assert KeyPlace.remembered(tmp_path) is None
    place = KeyPlace(tmp_path / "keys.db", "file", {"path": "/etc/key"})
    place.remember(tmp_path)
    place.remember(tmp_path)
    assert KeyPlace.remembered(tmp_path) == place
    assert [path.name for path in tmp_path.iterdir()] == ["encryption.json"]
    assert (tmp_path / "encryption.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "encryption.json").write_text("{}")
    with pytest.raises(KeysUnavailable, match="can't be read"):
        KeyPlace.remembered(tmp_path)


def test_a_text_with_several() -> None:
    other = new_master_key()
    assert parsed(f"{KEY.hex()}\n {b64encode(other).decode()}\n") == [KEY, other]
