"""A real logcli asks the console, and follows it: `make check-logcli`."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterparts import logcli
from counterparts.console import served
from counterparts.store_writer import Writer

_SECS = 120.0
NOW = time.time_ns()


@pytest.fixture(scope="module")
def program() -> Path:
    return logcli.built()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "store.db")
    for number in range(10):
        made.put(f"number {number}", at=NOW - (20 - number) * 10**9)
    made.put("of others", domain="b.example", at=NOW - 5 * 10**9)
    yield made
    made.close()


@pytest.fixture
def console(writer: Writer) -> Iterator[str]:
    with served(writer.path.parent, {"loki": True}) as url:
        yield url


def said(program: Path, console: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(program), f"--addr={console}", "--quiet", *arguments],
        capture_output=True,
        text=True,
        timeout=_SECS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_lines(program: Path, console: str) -> None:
    asked = ("query", '{domain="a.example"} |= "number" != "7"', "--limit=3", "-o", "raw")
    assert said(program, console, *asked).split("\n")[:-1] == ["number 9", "number 8", "number 6"]
    assert said(program, console, *asked, "--forward").split("\n")[:-1] == ["number 0", "number 1", "number 2"]


def test_labels_and_series(program: Path, console: str) -> None:
    assert said(program, console, "labels").split() == [
        "component",
        "domain",
        "endpoint",
        "environment",
        "level",
        "service_name",
    ]
    assert said(program, console, "labels", "domain").split() == ["a.example", "b.example"]
    assert said(program, console, "series", '{domain="b.example"}').strip() == '{domain="b.example", level="info"}'


def test_metrics(program: Path, console: str) -> None:
    asked = 'topk(1, sum by (domain) (count_over_time({level=~".+"}[1h])))'
    (one,) = json.loads(said(program, console, "instant-query", asked))
    assert (one["metric"], one["value"][1]) == ({"domain": "a.example"}, "10")
    found = json.loads(said(program, console, "query", 'rate({domain="a.example"}[1h])', "--step=60s"))
    assert found[0]["values"]


def test_sizes(program: Path, console: str) -> None:
    assert json.loads(said(program, console, "volume", '{domain=~".+"}'))[0]["value"][1] == "80"
    assert json.loads(said(program, console, "volume_range", '{domain=~".+"}', "--step=1h"))
    told = said(program, console, "stats", '{domain="a.example"}')
    assert told.split() == ["{", "bytes:", "80B", "chunks:", "0", "streams:", "1", "entries:", "10", "}"]


def test_it_follows(program: Path, console: str, writer: Writer) -> None:
    """From an hour ago on, then what comes."""
    asked = ["query", '{domain="a.example"} |= "number"', "--tail", "-o", "raw", "--limit=2"]
    command = [str(program), f"--addr={console}", "--quiet", *asked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            assert [process.stdout.readline() for _ in range(2)] == ["number 8\n", "number 9\n"]
            writer.put("other", "number 10")
            writer.put("number 11")
            assert [process.stdout.readline() for _ in range(2)] == ["number 10\n", "number 11\n"]
        finally:
            process.kill()
