"""The command as a whole: help in plain words, a configuration to begin with, exit codes for machines."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from collector.cli import COMMANDS, app
from collector.cli.defaults import default_config

ROOT = Path(__file__).parents[3]
BELOW = {
    "deadletter": ("list", "show", "replay", "delete"),
    "keys": ("create", "list", "rotate", "revoke", "check"),
    "issues": ("list", "archive", "merge"),
    "patterns": ("show", "aggregate", "sample", "drop", "keep"),
}
EVERY = [[name, *below] for name in COMMANDS for below in [[], *([part] for part in BELOW.get(name, ()))]]


def logboom(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_speaks_of_files_and_numbers(words: list[str]) -> None:
    """No type of Python; what stands in angle brackets is a choice."""
    result = logboom(*words, "--help")
    assert result.exit_code == 0
    assert [shown for shown in re.findall(r"<[^>]*>", result.stdout) if "|" not in shown] == []


def test_the_list_of_commands_has_whole_sentences() -> None:
    text = " ".join(logboom("--help").stdout.split())
    assert [sentence for sentence in COMMANDS.values() if sentence not in text] == []


def test_a_wrong_choice_is_told_in_plain_words() -> None:
    """Usage errors exit with 2."""
    result = logboom("tail", "--level", "bogus")
    assert result.exit_code == 2
    assert "Invalid value for '--level': 'bogus' is not one of 'critical'" in result.stderr


def test_the_package_holds_the_default_configuration_itself() -> None:
    """One source: config/logboom.yaml is a link to it, so that no copy can fall behind, and no build goes without it."""
    assert not default_config().is_symlink()
    assert (ROOT / "config" / "logboom.yaml").is_symlink()
    assert (ROOT / "config" / "logboom.yaml").resolve() == default_config().resolve()


def test_init_writes_the_default_and_never_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the commands that come next; the file is right as it stands."""
    monkeypatch.chdir(tmp_path)
    result = logboom("init")
    assert (result.exit_code, "logboom run --config logboom.yaml" in result.stdout) == (0, True)
    assert Path("logboom.yaml").read_bytes() == default_config().read_bytes()
    assert logboom("validate", "-c", "logboom.yaml").exit_code == 0
    Path("logboom.yaml").write_text("mine")
    again = logboom("init")
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert Path("logboom.yaml").read_text() == "mine"
    assert logboom("init", "-").stdout == default_config().read_text()
    assert "can't write" in logboom("init", "no/such/folder.yaml").stderr


def test_run_without_a_configuration_takes_the_default_and_says_so() -> None:
    """Here it stops at an override that is wrong: before anything starts, with the code for a wrong configuration."""
    result = logboom("run", "--set", "exporters.sqlite.pth=x")
    assert result.exit_code == 2
    assert f"no --config: taking the default configuration, {default_config()}" in result.stderr
    assert 'did you mean "path"?' in result.stderr


SECRETS = """
receivers: {otlp: {protocols: {http: {endpoint: "localhost:${env:PORT}"}}}}
exporters:
  splunk_hec: {endpoint: "https://me:swordfish@splunk.example:8088", token: hunter2}
  http: {url: "https://hooks.example/${env:HOOK}", headers: {x-tenant: hunter2}}
  elasticsearch: {endpoint: "http://localhost:9200", user: "${env:WHO}", password: "${file:PASSWORD}"}
service: {pipelines: {logs: {receivers: [otlp], exporters: [splunk_hec, http, elasticsearch]}}}
"""


def test_print_config_shows_what_was_understood_without_secrets(tmp_path: Path) -> None:
    """Files and --set merged, expressions replaced; it can be loaded again."""
    (tmp_path / "password").write_text("hunter2")
    (tmp_path / "c.yaml").write_text(SECRETS.replace("PASSWORD", str(tmp_path / "password")))
    environ = {"PORT": "4999", "HOOK": "hunter2", "WHO": "elastic"}
    command = ["print-config", "-c", str(tmp_path / "c.yaml"), "--set", "exporters.http.timeout=3s"]
    result = CliRunner().invoke(app, command, env=environ)
    assert result.exit_code == 0, result.stderr
    assert not [word for word in ("hunter2", "swordfish") if word in result.stdout]
    shown = yaml.safe_load(result.stdout)
    assert shown["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "localhost:4999"
    assert shown["exporters"] == {
        "splunk_hec": {"endpoint": "https://[redacted]@splunk.example:8088", "token": "[redacted]"},
        "http": {"url": "[redacted]", "headers": {"x-tenant": "[redacted]"}, "timeout": "3s"},
        "elasticsearch": {"endpoint": "http://localhost:9200", "user": "elastic", "password": "[redacted]"},
    }
    assert json.loads(CliRunner().invoke(app, [*command, "--json"], env=environ).stdout) == shown


CODES = {
    "a configuration that is wrong": (2, ["print-config", "-c", "yaml:{}"]),
    "a configuration that is not there": (2, ["validate", "-c", "nowhere.yaml"]),
    "an option that does not exist": (2, ["tail", "--nope"]),
    "a record that is none": (2, ["explain", "nonsense"]),
    "dead letters without saying which": (2, ["deadletter", "replay"]),
    "a data directory that is none": (1, ["deadletter", "list", "--data-dir", "nowhere"]),
    "a store that is not there": (1, ["query", "--data-dir", "nowhere", "SELECT 1"]),
    "done": (0, ["components", "--json"]),
}


@pytest.mark.parametrize(("code", "words"), CODES.values(), ids=CODES)
def test_exit_codes(code: int, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 done; 1 failed, or nothing found where something was asked for; 2 wrong usage or configuration."""
    monkeypatch.chdir(tmp_path)
    assert logboom(*words).exit_code == code
