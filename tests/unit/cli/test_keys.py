"""`logboom keys`: each command, for people and for programs, and how it ends."""

from __future__ import annotations

import hashlib
import json
import stat
import time
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from collector.cli import app
from collector.domains.keys import is_whole
from collector.moments import moment, seconds

DAY = 86_400


@pytest.fixture
def keys(tmp_path):
    """Runs a command on a data directory."""

    def run(*arguments: str, text: str | None = None, data_dir: bool = True) -> Result:
        where = ["--data-dir", str(tmp_path / "data")] if data_dir else []
        return CliRunner().invoke(app, ["keys", *arguments, *where], input=text, env={"COLUMNS": "200"})

    return run


def made(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def listed(keys) -> list[dict[str, Any]]:
    return [json.loads(line) for line in keys("list", "--json").stdout.splitlines()]


def test_create_for_programs(keys, tmp_path):
    """An id and a key; what is kept is not the key."""
    found = made(keys("create", "--domain", "Tamyla.com", "--json"))
    assert found.keys() == {"id", "key"}
    assert is_whole(found["key"])
    assert found["key"].startswith(f"lbi_{found['id']}_")
    secret = found["key"].split("_")[2].encode()
    for path in (tmp_path / "data").iterdir():
        assert secret not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [row] = listed(keys)
    assert (row["id"], row["domain"], row["state"], row["scopes"]) == (
        found["id"],
        "tamyla.com",
        "good",
        ["logs:write"],
    )


def test_create_for_people(keys):
    """Standard output is the key alone, so that a script can take it; the rest is beside."""
    result = keys("create", "--domain", "tamyla.com")
    assert is_whole(result.stdout.strip())
    assert "only time" in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_create_with_everything(keys):
    """All that a key may say."""
    result = keys(
        "create", "--domain", "tamyla.com", "--kind", "browser", "--origin", "https://A.example", "--origin", "https://*.b.example",
        "--network", "10.1.2.3/8", "--expires", "90d", "--not-before", "2020-01-01", "--name", "till", "--multi-domain", "--json",
    )  # fmt: skip
    assert made(result)["key"].startswith("lbp_")
    [row] = listed(keys)
    assert row["origins"] == ["https://a.example", "https://*.b.example"]
    assert row["networks"] == ["10.0.0.0/8"]
    assert abs(row["expires_at"] - time.time() - 90 * DAY) < 100
    assert (row["not_before"], row["name"], row["multi_domain"], row["kind"]) == (1577836800, "till", True, "browser")
    assert "warning" not in result.stderr


def test_a_browser_key_without_pages_is_warned_of(keys):
    """Every page may send with it."""
    assert "name yours with --origin" in keys("create", "--domain", "tamyla.com", "--kind", "browser").stderr


WRONG = {
    "a domain that is none": ["--domain", "a b"],
    "the service's own": ["--domain", "logboom"],
    "a network": ["--domain", "a.b", "--network", "x"],
    "an origin": ["--domain", "a.b", "--origin", "a.b"],
    "a time": ["--domain", "a.b", "--expires", "soon"],
    "a kind": ["--domain", "a.b", "--kind", "x"],
    "no domain": [],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_wrong_usage(keys, arguments):
    """Exit code 2, a sentence, and no key."""
    result = keys("create", *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert listed(keys) == []


def test_for_cloudflare(keys):
    """The same format; the Worker's secret holds its hash, and nothing is kept here."""
    found = made(keys("create", "--domain", "tamyla.com", "--for", "cloudflare", "--json"))
    assert is_whole(found["key"])
    assert found["secret"] == {"tamyla.com": [hashlib.sha256(found["key"].encode()).hexdigest()]}
    assert listed(keys) == []


def test_rotate(keys):
    """A successor with the same rights; the old one ends a week later, and both are good until then."""
    old = made(keys("create", "--domain", "tamyla.com", "--network", "10.0.0.0/8", "--json"))
    new = made(keys("rotate", old["id"], "--json"))
    assert new["predecessor"] == old["id"]
    first, second = sorted(listed(keys), key=lambda row: row["id"] != old["id"])
    assert abs(first["expires_at"] - time.time() - 7 * DAY) < 100
    assert (first["successor"], first["state"], second["state"]) == (new["id"], "good", "good")
    assert (second["networks"], second["domain"], second["expires_at"]) == (["10.0.0.0/8"], "tamyla.com", None)
    assert keys("rotate", new["id"], "--overlap", "0s").exit_code == 0
    assert keys("rotate", new["id"]).exit_code == 1, "it has ended"
    assert keys("rotate", "nobody").exit_code == 1
    assert keys("rotate", old["id"], "--overlap", "x").exit_code == 2


def test_revoke(keys):
    """At once, and for good."""
    key = made(keys("create", "--domain", "tamyla.com", "--json"))
    assert made(keys("revoke", key["id"], "--json")) == {"id": key["id"], "revoked": True}
    assert [row["state"] for row in listed(keys)] == ["revoked"]
    assert keys("revoke", key["id"]).exit_code == 0
    assert keys("revoke", "nobody").exit_code == 1


def test_check(keys):
    """Good or why not, with the exit code; the key comes from standard input, so that no history keeps it."""
    key = made(keys("create", "--domain", "tamyla.com", "--json"))
    good = keys("check", text=key["key"] + "\n")
    assert (good.exit_code, good.stdout) == (0, f"good: ingest key {key['id']} of tamyla.com\n")
    told = json.loads(keys("check", "--json", text=key["key"]).stdout)
    assert (told["good"], told["id"], told["sha256"]) == (
        True,
        key["id"],
        hashlib.sha256(key["key"].encode()).hexdigest(),
    )
    keys("revoke", key["id"])
    for text, reason in ((key["key"], "revoked"), (key["key"][:-1] + "_", "malformed"), ("rubbish", "malformed")):
        result = keys("check", text=text)
        assert (result.exit_code, f"is {reason}" in result.stderr) == (1, True)
        assert text not in result.output
    assert keys("check", text="").exit_code == 2


def test_list_for_people(keys):
    """A table; of one domain, if asked; names can't steer the terminal."""
    assert keys("list").stdout == "no keys\n"
    keys("create", "--domain", "tamyla.com", "--name", "\x1b[31mred")
    keys("create", "--domain", "other.example")
    table = keys("list").stdout
    assert "\x1b" not in table
    assert "\\x1b[31mred" in table
    assert "tamyla" not in keys("list", "--domain", "other.example").stdout


def test_a_broken_file(keys, tmp_path):
    """A sentence and exit code 1, whatever is asked."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "access.db").write_bytes(b"rubbish" * 1000)
    for command in (["list"], ["create", "--domain", "a.b"], ["revoke", "x"], ["rotate", "x"]):
        result = keys(*command)
        assert (result.exit_code, "can't be read" in result.stderr) == (1, True)


def test_moments():
    """From now on, or by the calendar, in UTC."""
    assert (moment("90d", 1000.0), moment("12h", 0.0), moment("1970-01-02", 5.0)) == (1000 + 90 * DAY, 43200, DAY)
    assert moment("1970-01-01T01:00:00+01:00", 5.0) == 0
    assert seconds("1.5d") == 1.5 * DAY
