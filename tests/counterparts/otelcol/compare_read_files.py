"""A real Collector and logboom read the same journal, and the same file of OTLP JSON: the same records. Run by `make compare`."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.receivers.journald import FACTORY as JOURNALD
from collector.receivers.otlp_json_file import FACTORY as OTLP_JSON_FILE
from collector.testing.intake import MemoryIntake
from counterparts.journal_files import entry, journalctl, write
from counterparts.json_door import records
from counterparts.otelcol import Collector, built
from otlp_wire import receive_json

pytestmark = pytest.mark.timeout(300)
SECS = 60.0
ENTRIES = [
    entry(0, SYSLOG_IDENTIFIER="sshd", _SYSTEMD_UNIT="ssh.service", _UID="0", _PID="12", PRIORITY="3"),
    entry(1, MESSAGE=b"\xff\x00caf\xe9"),
    entry(2, MESSAGE="x" * 5000),
    entry(3, MESSAGE="two\nlines", PRIORITY="5"),
    entry(4, SYSLOG_IDENTIFIER="cron", _UID="7", PRIORITY="7"),
    entry(5, MESSAGE=b"\xc3\xa9t\xc3\xa9", SYSLOG_IDENTIFIER="sshd", CODE_LINE="12"),
]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "bytes-as-text": {"convert_message_bytes": True},
    "long-fields": {"all": True, "include_log_record_original": True},
    "filters": {"identifiers": ["sshd"], "priority": "debug", "matches": [{"_UID": "0"}, {"CODE_LINE": "12"}]},
    "units": {"units": ["ssh"], "attributes": {"a": "b"}, "resource": {"host.name": "web"}},
    "grep": {"priority": "debug", "grep": "message"},
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPTIONS))
def test_a_journal(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    write(folder / "a.journal", ENTRIES)
    options = {"directory": str(folder), "start_at": "beginning", "journalctl_path": journalctl(), **OPTIONS[name]}
    theirs = collected("journald", options, tmp_path)
    assert taken(JOURNALD, options, len(theirs)) == theirs


def test_a_file_of_otlp_json(tmp_path: Path) -> None:
    """Names of the file on each record; other signals are no records."""
    lines = [
        json.dumps({"resourceLogs": [{"scopeLogs": [{"scope": {"name": "s"}, "logRecords": found}]}]})
        for found in (
            [{"timeUnixNano": "1700000000000000000", "severityNumber": 9, "body": {"stringValue": "one"}}],
            [
                {
                    "observedTimeUnixNano": "5",
                    "body": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}},
                },
                {},
            ],
        )
    ]
    file = tmp_path / "in.json"
    file.write_text("\n".join([lines[0], '{"resourceSpans":[{}]}', "not json", lines[1], ""]))
    options = {"include": [str(file)], "start_at": "beginning", "include_file_path": True}
    theirs = collected("otlp_json_file", options, tmp_path)
    assert taken(OTLP_JSON_FILE, options, len(theirs)) == theirs
    assert len(theirs) == 3


def collected(receiver: str, options: Mapping[str, Any], folder: Path) -> list[dict[str, Any]]:
    """What the Collector writes: all of it, once nothing has come for two seconds."""
    out = folder / "out.json"
    config = {
        "receivers": {receiver: options},
        "exporters": {"file": {"path": str(out), "flush_interval": "100ms"}},
        "service": {"pipelines": {"logs": {"receivers": [receiver], "exporters": ["file"]}}},
    }
    with Collector(built("files"), config, folder):
        ends, size = time.monotonic() + SECS, 0
        while time.monotonic() < ends and not (size and out.stat().st_size == size):
            size = out.stat().st_size if out.exists() else 0
            time.sleep(2)
    return [_told(record) for line in out.read_bytes().splitlines() for record in records(receive_json(line).body)]


def taken(factory: Any, options: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """What logboom makes durable."""
    intake = MemoryIntake()
    receiver = factory.create(factory.config.model_validate(options), Context(factory.name, Path()))
    receiver.start(Admission(checks(DomainResolver(DomainRules())), intake))
    ends = time.monotonic() + SECS
    while intake.records < count and time.monotonic() < ends:
        time.sleep(0.05)
    time.sleep(1)  # what is too much comes, too
    receiver.shutdown(SECS)
    return [_told(record) for payload in intake.payloads for record in records(payload.body)]


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """journalctl writes the fields of an entry in another order each time."""
    original = record.get("attributes", {}).get("log.record.original")
    return {**record, "original": json.loads(original), "attributes": {}} if original else record
