"""The journald receiver over real journal files: what is read, from where, once; filters; what journalctl does."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Unavailable
from collector.receivers.journald import FACTORY
from collector.receivers.journald.receiver import JournaldReceiver
from collector.testing.intake import MemoryIntake
from counterparts.journal_files import entry, journalctl, write
from counterparts.json_door import records

SECS = 30.0


class Reading:
    """A folder of journal files, and what was made durable of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.intake = folder, MemoryIntake()

    @contextlib.contextmanager
    def run(self, **options: Any) -> Iterator[JournaldReceiver]:
        """A process between its start and its end."""
        given = {"directory": str(self.folder), "start_at": "beginning", "journalctl_path": journalctl(), **options}
        receiver = FACTORY.create(FACTORY.config.model_validate(given), Context("journald", Path()))
        receiver.start(Admission(checks(DomainResolver(DomainRules())), self.intake))
        try:
            yield receiver
        finally:
            receiver.shutdown(SECS)

    def read(self, count: int, **options: Any) -> list[Any]:
        """Messages after a run that ends when there are so many."""
        with self.run(**options):
            return self.eventually(count)

    def eventually(self, count: int) -> list[Any]:
        """Messages, once there are so many."""
        ends = time.monotonic() + SECS
        while len(self.records) < count and time.monotonic() < ends:
            time.sleep(0.01)
        return self.messages

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for payload in self.intake.payloads for record in records(payload.body)]

    @property
    def messages(self) -> list[Any]:
        return [_message(record["body"]) for record in self.records]

    def begun(self) -> None:
        """Where it begins is durable."""
        assert self.intake.wait_for(1)


def _message(body: Any) -> Any:
    return body["MESSAGE"] if isinstance(body, dict) else body


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    folder = tmp_path / "journal"
    folder.mkdir()
    return Reading(folder)


def named(*numbers: int) -> list[str]:
    return [f"message {number}" for number in numbers]


def test_an_entry_is_the_map_of_its_fields(reading: Reading) -> None:
    """As the Collector makes it: the time is no field of it, bytes are a list, what is long is left empty."""
    fields = {"SYSLOG_IDENTIFIER": "payd", "_SYSTEMD_UNIT": "payd.service", "PRIORITY": "3"}
    write(
        reading.folder / "a.journal",
        [
            entry(0, **fields),
            entry(1, MESSAGE=b"\xff\x01"),
            entry(2, MESSAGE="x" * 5000),
            entry(3, MESSAGE="two\nlines"),
        ],
    )
    assert reading.read(4) == ["message 0", [255.0, 1.0], None, "two\nlines"]
    first = reading.records[0]
    assert first["time"] == 1_700_000_000_000_000_000
    assert set(first) == {"time", "body"}
    cursor = first["body"].pop("__CURSOR")
    assert first["body"] == {
        **{name: text for name, text in entry(0, **fields).items() if name != "__REALTIME_TIMESTAMP"}
    }
    assert reading.intake.payloads[-1].position.position.decode() != cursor


def test_options_of_records(reading: Reading) -> None:
    """Bytes as text, long fields, the line itself, what is set on all."""
    write(reading.folder / "a.journal", [entry(0, MESSAGE=b"caf\xe9"), entry(1, MESSAGE="x" * 5000)])
    options = {
        "convert_message_bytes": True, "all": True, "include_log_record_original": True, "attributes": {"a": 1},
        "resource": {"host.name": "web"},
    }  # fmt: skip
    assert reading.read(2, **options) == ["caf�", "x" * 5000]
    record = reading.records[0]
    assert record["resource"] == {"host.name": "web"}
    assert record["attributes"]["a"] == 1
    assert record["attributes"]["log.record.original"].startswith("{")
    assert '"__REALTIME_TIMESTAMP":"1700000000000000"' in record["attributes"]["log.record.original"]


def test_semantic_conventions(reading: Reading) -> None:
    """The Collector's names; a number that is none keeps its field."""
    fields = {
        "PRIORITY": "2", "SYSLOG_IDENTIFIER": "payd", "CODE_LINE": "12", "CODE_FILE": "pay.c", "_PID": "7", "SYSLOG_PID": "x",
        "_EXE": "/usr/bin/payd", "_HOSTNAME": "web", "_COMM": "payd",
    }  # fmt: skip
    write(reading.folder / "a.journal", [entry(0, **fields)])
    assert reading.read(1, convert_to_semantic_conventions=True) == ["message 0"]
    record = reading.records[0]
    assert (record["severity"], record["severity_text"]) == (18, "crit")
    assert record["resource"] == {
        "host.name": "web", "process.pid": 7, "process.executable.path": "/usr/bin/payd", "process.executable.name": "payd",
    }  # fmt: skip
    assert {name: value for name, value in record["attributes"].items() if "__" not in name and "_ID" not in name} == {
        "syslog.identifier": "payd", "code.line.number": 12, "code.file.path": "pay.c", "journald.SYSLOG_PID": "x",
        "journald._COMM": "payd",
    }  # fmt: skip


FILTERS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "all": ({}, [0, 1, 2, 3]),
    "priority": ({"priority": "warning"}, [1, 3]),
    "priority-range": ({"priority": "err..warning"}, [3]),
    "units": ({"units": ["ssh", "cron.service"]}, [0, 1]),
    "identifiers": ({"identifiers": ["sshd"]}, [0, 2]),
    "both": ({"identifiers": ["sshd"], "units": ["ssh"]}, [0]),
    "matches": ({"matches": [{"_UID": "0", "SYSLOG_IDENTIFIER": "sshd"}, {"_UID": "7"}]}, [0, 1]),
    "grep": ({"grep": "message [23]"}, [2, 3]),
    "no-option-of-journalctl": ({"identifiers": ["--all"], "matches": []}, []),
}


@pytest.mark.parametrize("name", list(FILTERS))
def test_filters(reading: Reading, name: str) -> None:
    """Between options all must fit, within a list one."""
    options, expected = FILTERS[name]
    write(
        reading.folder / "a.journal",
        [
            entry(0, SYSLOG_IDENTIFIER="sshd", _SYSTEMD_UNIT="ssh.service", _UID="0"),
            entry(1, SYSLOG_IDENTIFIER="cron", _SYSTEMD_UNIT="cron.service", _UID="7", PRIORITY="2"),
            entry(2, SYSLOG_IDENTIFIER="sshd", _UID="1"),
            entry(3, PRIORITY="4", _UID="1"),
        ],
    )
    with reading.run(**options):
        reading.eventually(len(expected))
    assert reading.messages == named(*expected)


def test_it_goes_on_where_it_was(reading: Reading) -> None:
    """While it runs, and over a restart; a new file, and another boot."""
    write(reading.folder / "a.journal", [entry(0), entry(1)])
    with reading.run():
        reading.eventually(2)
        write(reading.folder / "a.journal", [entry(2)])
        write(reading.folder / "b.journal", [entry(3, boot="e" * 32)])
        reading.eventually(4)
    write(reading.folder / "b.journal", [entry(4, boot="e" * 32), entry(5, boot="f" * 32)])
    assert reading.read(6) == named(0, 1, 2, 3, 4, 5)


def test_the_end_is_that_of_the_first_start(reading: Reading) -> None:
    """What was written while it was down is read, also where the process died before it read anything."""
    write(reading.folder / "a.journal", [entry(0), entry(1)])
    with reading.run(start_at="end"):
        reading.begun()
    write(reading.folder / "a.journal", [entry(2)])
    assert reading.read(1, start_at="end") == named(2)


def test_the_end_of_a_journal_without_entries_is_its_beginning(reading: Reading) -> None:
    write(reading.folder / "a.journal", [entry(0, PRIORITY="7")])
    with reading.run(start_at="end"):
        reading.begun()
    write(reading.folder / "a.journal", [entry(1)])
    assert reading.read(1, start_at="end") == named(1)


def test_nothing_is_passed_over_where_the_last_entry_is_gone(reading: Reading) -> None:
    """Its file was deleted, or it fits other filters no more: the next that fits is read."""
    write(reading.folder / "a.journal", [entry(0, SYSLOG_IDENTIFIER="a"), entry(1, SYSLOG_IDENTIFIER="a")])
    reading.read(2, identifiers=["a"])
    write(reading.folder / "b.journal", [entry(2, SYSLOG_IDENTIFIER="b"), entry(3, SYSLOG_IDENTIFIER="b")])
    assert reading.read(4, identifiers=["b"]) == named(0, 1, 2, 3)
    write(reading.folder / "c.journal", [entry(4), entry(5)])
    for name in ("a.journal", "b.journal"):
        (reading.folder / name).unlink()
    assert reading.read(6) == named(0, 1, 2, 3, 4, 5)


def test_an_entry_that_was_copied_into_another_file_is_the_same(reading: Reading) -> None:
    """journald does so when the volatile journal becomes persistent: it has another number then."""
    write(reading.folder / "a.journal", [entry(0), entry(1)])
    reading.read(2)
    (reading.folder / "a.journal").unlink()
    write(reading.folder / "b.journal", [entry(1), entry(2)])
    assert reading.read(3) == named(0, 1, 2)


def test_what_is_refused_is_read_no_further_and_comes_again(reading: Reading) -> None:
    write(reading.folder / "a.journal", [entry(0)])
    reading.intake.answer = Unavailable("no room", 0.05)
    with reading.run():
        time.sleep(0.3)
        assert reading.messages == []
        write(reading.folder / "a.journal", [entry(1)])
        reading.intake.answer = None
        reading.eventually(2)
    assert reading.messages == named(0, 1)


def test_it_waits_for_a_folder_and_says_so(reading: Reading, caplog: pytest.LogCaptureFixture) -> None:
    """journalctl's own words; it is started again."""
    reading.folder.rmdir()
    with reading.run():
        while "No such file or directory" not in caplog.text:
            time.sleep(0.01)
        reading.folder.mkdir()
        write(reading.folder / "a.journal", [entry(0)])
        assert reading.eventually(1) == named(0)


def test_a_missing_program_is_named(reading: Reading, caplog: pytest.LogCaptureFixture) -> None:
    config = FACTORY.config.model_validate({"journalctl_path": "journalctl-of-nobody"})
    assert list(config.cautions()) == ["journalctl_path"]
    with reading.run(journalctl_path="journalctl-of-nobody"):
        while "there is no such program (journalctl-of-nobody)" not in caplog.text:
            time.sleep(0.01)


def test_it_reads_within_another_root(reading: Reading, tmp_path: Path) -> None:
    """journalctl is the one of the root: here a program that says how it was called."""
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    config = FACTORY.config.model_validate({"root_path": str(root), "journalctl_path": "/bin/journalctl"})
    from collector.receivers.journald import command

    assert command.follow(config, "c") == [
        shutil.which("chroot"), str(root), "/bin/journalctl", "--utc", "--output=json", "--no-pager", "--follow",
        "--no-tail", "--cursor=c", "--priority=info",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"priority": "loud"}, "is none of emerg"),
        ({"matches": [{"unit": "x"}]}, "not a valid Systemd field name"),
        ({"root_path": "/host"}, "must be an absolute path when 'root_path' is set"),
        ({"journalctl_path": " "}, "must be non-whitespace"),
        ({"start_at": "middle"}, "beginning"),
        ({"operators": [{"type": "no_such"}]}, "no_such"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FACTORY.config.model_validate(options)
