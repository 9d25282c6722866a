"""The block `service.encryption`: what it says, where it is wrong, and that it shows no key."""

from __future__ import annotations

import time
from base64 import b64encode
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.encryption.key_store import KeyStore
from collector.errors import ConfigError, KeyDestroyed, KeysUnavailable
from collector.service.encryption import KeyWatch, check_keys, retire_keys
from collector.settings import load
from collector.settings.encryption import key_ring
from counterparts.keys import key_ring as keys_of_tests

KEY = b64encode(bytes(range(7, 39))).decode()
REST = "receivers: {otlp: {protocols: {http: {endpoint: 'localhost:0'}}}}\nexporters: {nop: {}}\n"


def yaml(block: str) -> str:
    return f"{REST}service:\n  pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}\n  encryption: {block}\n"


def test_absent_means_nothing_is_encrypted(tmp_path: Path) -> None:
    settings = load([f"yaml:{REST}service: {{pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}}}"])
    assert settings.service.encryption is None
    assert key_ring(settings.service.encryption, tmp_path) is None
    check_keys(settings, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_file(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["master-key", "create", str(tmp_path / "master.key")])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "master.key").read_text().strip() not in made.output
    again = CliRunner().invoke(app, ["master-key", "create", str(tmp_path / "master.key")])
    assert again.exit_code == 1
    settings = load([f"yaml:{yaml(f'{{master_key: {{file: {tmp_path}/master.key}}}}')}"])
    check_keys(settings, tmp_path)
    keys = key_ring(settings.service.encryption, tmp_path)
    assert keys is not None
    assert keys.open("a.com", "journal", keys.seal("a.com", "journal", b"text")) == b"text"
    off = key_ring(None, tmp_path)
    assert off is not None
    assert not off.seals
    assert off.open("a.com", "journal", keys.seal("a.com", "journal", b"text")) == b"text"


def test_no_new_keys_are_made_in_the_place_of_a_file_that_was_lost(tmp_path: Path) -> None:
    """With new ones the old file could not be put back without losing what the new ones encrypted."""
    assert CliRunner().invoke(app, ["master-key", "create", str(tmp_path / "master.key")]).exit_code == 0
    settings = load([f"yaml:{yaml(f'{{master_key: {{file: {tmp_path}/master.key}}}}')}"])
    check_keys(settings, tmp_path)
    keys, master = (tmp_path / "keys.db").read_bytes(), (tmp_path / "master.key").read_bytes()
    for path in tmp_path.glob("keys.db*"):
        path.unlink()
    with pytest.raises(KeysUnavailable, match="put the file back"):
        check_keys(settings, tmp_path)
    rotated = CliRunner().invoke(app, ["master-key", "rotate", "--data-dir", str(tmp_path)])
    assert (rotated.exit_code, "put the file back" in rotated.output) == (1, True)
    assert (tmp_path / "master.key").read_bytes() == master  # without it the file that comes back would open nothing
    assert list(tmp_path.glob("keys.db*")) == []
    (tmp_path / "keys.db").write_bytes(keys)
    check_keys(settings, tmp_path)


def test_keys_of_days_are_destroyed_when_they_are_old(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["master-key", "create", str(tmp_path / "master.key")]).exit_code == 0
    block = f"{{master_key: {{file: {tmp_path}/master.key}}, destroy_after: 30d}}"
    settings = load([f"yaml:{yaml(block)}"])
    check_keys(settings, tmp_path)
    keys = key_ring(settings.service.encryption, tmp_path)
    assert keys is not None
    sealed = keys.seal("a.com", "journal", b"text")
    kept = keys.seal("a.com", "state", b"text", lasting=True)
    assert retire_keys(settings, tmp_path, time.time() + 30 * 86_400) == 0
    assert retire_keys(settings, tmp_path, time.time() + 32 * 86_400) == 1
    again = key_ring(settings.service.encryption, tmp_path)
    assert again is not None
    with pytest.raises(KeyDestroyed):
        again.open("a.com", "journal", sealed)
    assert again.open("a.com", "state", kept) == b"text"


def test_a_master_key_that_is_not_there_refuses_the_start(tmp_path: Path) -> None:
    settings = load([f"yaml:{yaml(f'{{master_key: {{file: {tmp_path}/none}}}}')}"])
    assert any("service.encryption.master_key.file" in warning for warning in settings.warnings)
    (tmp_path / "logboom.yaml").write_text(yaml(f"{{master_key: {{file: {tmp_path}/none}}}}"))
    said = CliRunner().invoke(app, ["validate", "--config", str(tmp_path / "logboom.yaml")]).output
    assert "is encrypted with keys of its domain, under a master key from file" in said
    with pytest.raises(KeysUnavailable, match="No such file"):
        check_keys(settings, tmp_path)


@pytest.mark.parametrize(
    "block",
    [
        "{}",
        "{master_key: {}}",
        "{master_key: {file: a, environment: B}}",
        "{master_key: {file: a, options: {b: c}}}",
        "{master_key: {plugin: no_such_plugin}}",
        "{master_key: {command: [a], timeout: 2h}}",
        "{master_key: {file: a}, destroy_after: 1h}",
        "{master_key: {file: a}, keyz: b}",
    ],
)
def test_what_is_wrong_has_its_line(tmp_path: Path, block: str) -> None:
    path = tmp_path / "logboom.yaml"
    path.write_text(yaml(block))
    with pytest.raises(ConfigError) as raised:
        load([str(path)])
    assert {(problem.file, problem.line) for problem in raised.value.problems} == {(str(path), 5)}


@pytest.mark.parametrize(
    "block",
    [f"{{master_key: {KEY}}}", *(f"{{master_key: {{{name}: {KEY}}}}}" for name in ("file", "environment", "plugin"))],
)
def test_a_key_in_the_configuration_is_refused_and_shown_by_nobody(tmp_path: Path, block: str) -> None:
    path = tmp_path / "logboom.yaml"
    path.write_text(yaml(block))
    for command in ("validate", "print-config", "doctor"):
        said = CliRunner().invoke(app, [command, "--config", str(path)])
        assert said.exit_code != 0
        assert KEY not in said.output


def test_what_becomes_of_keys_is_told(tmp_path: Path) -> None:
    class Told:
        records: list[ControlRecord] = []

        def tell(self, record: ControlRecord) -> None:
            self.records.append(record)

    ring, told = keys_of_tests(tmp_path), Told()
    ring.seal("a.com", "journal", b"text")
    watch = KeyWatch(tmp_path / "keys.db", Reporter(told, "ingest 0", lambda: "logboom"))
    watch.look()
    assert told.records == []
    ring.destroy("a.com")
    watch.look()
    watch.look()
    names = [record.name for record in told.records]
    assert names == ["logboom.service.encryption.destroyed"] * 2  # to the operator, and to the domain
    KeyStore(tmp_path / "keys.db").set_master("another")
    watch.look()
    assert told.records[-1].name == "logboom.service.encryption.rotated"


def test_the_doctor_looks_for_keys(tmp_path: Path) -> None:
    path = tmp_path / "logboom.yaml"
    path.write_text(yaml(f"{{master_key: {{file: {tmp_path}/master.key}}}}"))

    def said() -> str:
        return CliRunner().invoke(app, ["doctor", "--config", str(path), "--data-dir", str(tmp_path / "data")]).output

    assert "does not exist yet" in said()
    assert CliRunner().invoke(app, ["master-key", "create", str(tmp_path / "master.key")]).exit_code == 0
    (tmp_path / "data").mkdir(mode=0o700)
    check_keys(load([str(path)]), tmp_path / "data")
    assert "the master key is here, from file" in said()
    (tmp_path / "master.key").unlink()
    assert "No such file" in said()
