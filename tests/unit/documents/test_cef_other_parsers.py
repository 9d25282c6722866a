"""CEF as parsers read it that were written by others.

liblognorm (C; behind rsyslog's mmnormalize) reads every escape as the standard has it. Version 2.0.6 takes the first
letter of the extension for a space, so the first key comes without it.

jc (Python; the code of pycef) is looser: a header with a backslash or an equals sign it splits in the wrong place, and
it undoes `\\\\` before `\\n`, so that a backslash before an n becomes a line end. Without backslashes both agree with us.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import jc
import pytest

from collector.documents.cef import cef_text
from collector.testing.row_batch import Row, batch_of
from counterparts.cef_reader import CefEvent, read_cef
from counterparts.syslog_servers import debian

NAMES = ["url.full", "user.name", "service.name", "logboom.triage.action", "client.address", "logboom.component"]
PLAIN = [*"abz09 _-./:;|[]{}()%#\"'?&", "\n", "=", "ü", "語", "😀", " msg=", "|10|src=6.6.6.6", "<13>1 "]
ODD = [*PLAIN, "\\", "\\n", "\\=", "\r", "\t", "\x00", "\x1b", "\x85", "\u2028"]


def lines_of(letters: list[str], count: int) -> list[str]:
    """Events with such letters in all fields."""
    chosen = random.Random(7)

    def text() -> str:
        return "".join(chosen.choices(letters, k=chosen.randrange(1, 25)))

    header = [letter for letter in letters if letters is ODD or not set(letter) & set("\\=|")]
    rows = [
        Row(
            f"id{at}",
            [(name, text()) for name in NAMES],
            fields={"body": text(), "event_name": "".join(chosen.choices(header, k=8))},
        )
        for at in range(count)
    ]
    return cef_text(batch_of(rows), extra_attributes=True).to_list()


@pytest.mark.slow
def test_liblognorm_reads_the_same_fields(tmp_path: Path) -> None:
    """Header and every pair of the extension, with all kinds of escapes."""
    lines = lines_of(ODD, 400)
    for line, read in zip(lines, lognormalized(lines, tmp_path), strict=True):
        event = read_cef(line)
        assert header_of(event) == [
            read[key] for key in ("DeviceVendor", "DeviceProduct", "DeviceVersion", "SignatureID", "Name", "Severity")
        ]
        assert read["Extensions"] == {"at" if key == "cat" else key: value for key, value in event.extension.items()}


def test_jc_reads_the_same_fields() -> None:
    """Where no backslash was in a value; custom keys by their labels."""
    for line in lines_of(PLAIN, 200):
        event = read_cef(line)
        (read,) = jc.parse("cef", line, quiet=True)
        names = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "agentSeverity")
        assert header_of(event) == [read[name] for name in names]
        shown = {
            key: value for key, value in event.extension.items() if key in ("request", "suser", "act", "msg", "rt")
        }
        assert {key: read.get(key) for key in shown} == shown
        assert read.get("component") == event.labelled("component")


def header_of(event: CefEvent) -> list[str]:
    """The fields of the header behind the version."""
    return [event.vendor, event.product, event.device_version, event.event_class, event.name, str(event.severity)]


def lognormalized(lines: list[str], folder: Path) -> list[dict[str, Any]]:
    """What liblognorm makes of them."""
    rules = folder / "rules.rb"
    rules.write_text("version=2\nrule=:%event:cef%\n")
    root = debian.installed()
    done = subprocess.run(
        [root / "usr/bin/lognormalizer", "-r", rules, "-e", "json"],
        input="".join(f"{line}\n" for line in lines).encode(),
        env=debian.environment(root),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line)["event"] for line in done.stdout.splitlines()]
