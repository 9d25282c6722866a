"""The otlp_json_file receiver: records of lines, what is left out and why, places, files that are read again and again."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Unavailable
from collector.receivers.otlp_json_file import FACTORY
from collector.testing.intake import MemoryIntake
from counterparts.json_door import records

SECS = 30.0
BROKEN = '{"resourceLogs":[{"scopeLogs":[{"logRe'


class Reading:
    """A folder of files, and what was made durable of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.intake = folder, MemoryIntake()
        self.refused: list[tuple[str, int]] = []

    def write(self, *lines: str, name: str = "a.json") -> None:
        with (self.folder / name).open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    @contextlib.contextmanager
    def run(self, **options: Any) -> Iterator[None]:
        """A process between its start and its end."""
        given = {"include": [f"{self.folder}/*.json"], "start_at": "beginning", "poll_interval": "10ms", **options}
        receiver = FACTORY.create(FACTORY.config.model_validate(given), Context("otlp_json_file", Path()))
        receiver.start(
            Admission(
                checks(DomainResolver(DomainRules())), self.intake,
                on_refused=lambda _receiver, _domain, kind, count: self.refused.append((kind, count)),
            )
        )  # fmt: skip
        try:
            yield
        finally:
            receiver.shutdown(SECS)

    def until(self, done: Callable[[], bool]) -> None:
        ends = time.monotonic() + SECS
        while not done() and time.monotonic() < ends:
            time.sleep(0.01)
        assert done()

    def read(self, count: int, **options: Any) -> list[Any]:
        """Bodies after a run that ends when there are so many."""
        with self.run(**options):
            self.until(lambda: len(self.records) >= count)
        return self.bodies

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for payload in self.intake.payloads for record in records(payload.body)]

    @property
    def bodies(self) -> list[Any]:
        return [record["body"] for record in self.records]


def request(*bodies: str, **record: Any) -> str:
    found = [{"timeUnixNano": "1700000000000000000", "body": {"stringValue": body}, **record} for body in bodies]
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "pay"}}]}
    return json.dumps({"resourceLogs": [{"resource": service, "scopeLogs": [{"logRecords": found}]}]})


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def test_a_line_is_a_request(reading: Reading) -> None:
    """All of it, and the file's name on each record, as the Collector sets it."""
    reading.write(request("one", "two", severityNumber=17), "", request("three"))
    assert reading.read(3, include_file_path=True) == ["one", "two", "three"]
    first = reading.records[0]
    assert (first["severity"], first["resource"]) == (17, {"service.name": "pay"})
    assert first["attributes"] == {"log.file.name": "a.json", "log.file.path": str(reading.folder / "a.json")}
    reading.intake = MemoryIntake()
    reading.read(3, include_file_name=False)
    assert "attributes" not in reading.records[0]


LEFT_OUT = {
    "no JSON": ("not json", "invalid JSON"),
    "half": (BROKEN, "invalid JSON"),
    "no object": ("[1]", "must be an object"),
    "traces": ('{"resourceSpans":[{}]}', "a line of traces: logboom carries logs only"),
    "metrics": ('{"resource_metrics":[{}]}', "a line of metrics: logboom carries logs only"),
    "profiles": ('{"resourceProfiles":[]}', "a line of profiles: logboom carries logs only"),
    "something else": ('{"message":"boom"}', "no resourceLogs in it"),
}


@pytest.mark.parametrize("name", list(LEFT_OUT))
def test_what_is_no_request_of_logs_costs_itself(reading: Reading, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and named; the rest goes on."""
    line, said = LEFT_OUT[name]
    reading.write(request("before"), line, request("after"))
    assert reading.read(2) == ["before", "after"]
    assert reading.refused == [("PartialSuccess", 1)]
    assert said in caplog.text
    assert f"a line is left out of {reading.folder / 'a.json'}" in caplog.text


def test_lines_that_break_off_anywhere_are_told_of_once(reading: Reading, caplog: pytest.LogCaptureFixture) -> None:
    """The column is another in each."""
    reading.write(*('{"resourceLogs":' + " " * columns for columns in range(50)), request("after"))
    assert reading.read(1) == ["after"]
    assert caplog.text.count("left out of") == 1
    assert "50 lines are left out" in caplog.text


def test_one_wrong_value_costs_itself(reading: Reading) -> None:
    reading.write(request("one", traceId="nonsense"), '{"resourceLogs":[]}')
    assert reading.read(1) == ["one"]
    assert reading.refused == []


def test_a_file_of_nothing_to_take_is_read_once(reading: Reading) -> None:
    """Its place is kept: a restart says nothing of it again."""
    reading.write("not json")
    with reading.run():
        reading.until(lambda: reading.refused != [])
    reading.write(request("one"))
    assert reading.read(1) == ["one"]
    assert reading.refused == [("PartialSuccess", 1)]


def test_each_line_once_over_restarts_and_rotation(reading: Reading) -> None:
    reading.write(request("one"))
    assert reading.read(1) == ["one"]
    reading.write(request("two"))
    (reading.folder / "a.json").rename(reading.folder / "b.json")
    reading.write(request("three"))
    assert sorted(reading.read(3)) == ["one", "three", "two"]


def test_what_is_refused_comes_again(reading: Reading) -> None:
    reading.write(request("one"), "not json")
    reading.intake.answer = Unavailable("no room", 0.02)
    with reading.run():
        time.sleep(0.2)
        assert reading.records == []
        reading.intake.answer = None
        reading.until(lambda: reading.bodies == ["one"])
    assert reading.refused.count(("PartialSuccess", 1)) == 1


def test_a_line_that_comes_in_pieces_is_waited_for(reading: Reading) -> None:
    """Exporters write through a buffer: its end comes with the next flush."""
    line = request("whole")
    with reading.run():
        (reading.folder / "a.json").write_text(line[:50])
        time.sleep(0.8)
        with (reading.folder / "a.json").open("a") as file:
            file.write(line[50:] + "\n")
        reading.until(lambda: reading.bodies == ["whole"])
    assert reading.refused == []


def test_a_line_may_have_megabytes_and_no_more_than_max_log_size(reading: Reading) -> None:
    reading.write(request("x" * 3_000_000), request("y" * 300), request("short"))
    assert [len(body) for body in reading.read(3)] == [3_000_000, 300, 5]
    reading.intake, reading.refused = MemoryIntake(), []
    assert reading.read(1, max_log_size=400) == ["short"]
    assert sum(count for _, count in reading.refused) == 2


def test_a_file_is_read_again_and_again(reading: Reading) -> None:
    reading.write(request("one"), request("two"))
    assert reading.read(6, replay_file=True)[:6] == ["one", "two"] * 3


@pytest.mark.parametrize(
    "options", [{"start_at": "end"}, {"start_at": "beginning", "delete_after_read": True}], ids=["end", "delete"]
)
def test_nothing_can_be_read_again(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="replay_file"):
        FACTORY.config.model_validate({"include": ["/x"], "replay_file": True, **options})
