"""Issues over deaths: each is made once, each event is told once, and counts are those of the records that are stored."""

from __future__ import annotations

import random
import time
from pathlib import Path

import lmdb
import numpy as np
import pytest
import requests

from collector.control.asking import MOST_WAIT_SECS, ask
from collector.control.command import command
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.examples import rounds
from processors.patterns.tallies import ALL, WIDTH

ROUNDS = rounds(8, 2)
FAULTS = 5

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


class Sender:
    """Sends errors over HTTP, each request until it is taken: the same bytes again are a duplicate."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.sent = 0

    def send(self, fault: int) -> None:
        now = time.time_ns()
        record = {
            "timeUnixNano": str(now + self.sent),
            "severityNumber": 17,
            "body": {"stringValue": f"{'abcdefgh'[fault]} is broken"},
        }
        body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
        self.sent += 1
        deadline = time.monotonic() + 90
        while True:
            try:
                url = f"http://127.0.0.1:{self._service.http}/v1/logs"
                if requests.post(url, json=body, headers={"x-logboom-domain": "tamyla.com"}, timeout=10).ok:
                    return
            except requests.RequestException:
                pass
            assert time.monotonic() < deadline
            _running(self._service)
            time.sleep(0.1)


def _running(service: Service) -> None:
    if service.process is None or service.process.poll() is not None:
        service.start()


def _kept_of_patterns(data: Path) -> int:
    """How many records the processor counted, from the state of all partitions."""
    total = 0
    for partition in sorted((data / "partition").iterdir()):
        with lmdb.open(str(partition), readonly=True, max_dbs=64) as environment, environment.begin() as txn:
            found = environment.open_db(b"component_state", txn, create=False)
            for key, value in txn.cursor(found):
                if key.startswith(b"patterns\0") and b"\0c/" in key:
                    total += int(np.frombuffer(value[1:], dtype="<i8").reshape(-1, WIDTH)[:, ALL].sum())
    return total


def _settle(service: Service, records: int) -> None:
    deadline = time.monotonic() + 90
    while service.rows("SELECT count(*) FROM logs WHERE issue_id IS NOT NULL AND generation IS NULL") != [(records,)]:
        assert time.monotonic() < deadline, service.log.read_text()[-3000:]
        _running(service)
        time.sleep(0.3)


def test_each_event_of_an_issue_is_there_once_and_counts_what_is_stored(tmp_path: Path) -> None:
    processors = "processors: {patterns: {}, issues: {}}"
    pipeline = "service::pipelines::logs::processors: [categorize, triage, patterns, issues]"
    service = Service(tmp_path, processors, pipeline)
    draw = random.Random(20_301)
    try:
        service.start()
        sender = Sender(service)
        for _ in range(ROUNDS):
            for _ in range(12):
                sender.send(draw.randrange(FAULTS))
            victim = draw.choice(["tree", "worker"])
            if victim == "worker" and service.children():
                service.child("worker").kill()
            else:
                service.kill()
                service.start()
        _settle(service, sender.sent)
        stored = dict(service.rows("SELECT issue_id, count(*) FROM logs WHERE generation IS NULL GROUP BY 1"))
        assert len(stored) == FAULTS
        for issue, count in stored.items():
            record = command("logboom.command.issue.resolve", "tamyla.com", {"logboom.issue.id": issue}, who="a test")
            assert ask(service.data, record, MOST_WAIT_SECS).settled[0].snapshot["events"] == count
        for fault in range(FAULTS):
            sender.send(fault)
        _settle(service, sender.sent)
        deadline = time.monotonic() + 60
        told = "SELECT change, issue_id, count(*) FROM issue_activity GROUP BY 1, 2"
        while len(rows := service.rows(told)) < 3 * FAULTS and time.monotonic() < deadline:
            time.sleep(0.3)
        assert sorted(rows) == sorted(
            (kind, issue, 1) for kind in ("created", "regressed", "resolved") for issue in stored
        )
        assert service.rows("SELECT issue_id, events FROM issues WHERE state = 'regressed' ORDER BY 1") == sorted(
            (issue, count + 1) for issue, count in stored.items()
        )
        assert service.rows("SELECT sum(n) FROM issue_minutes") == [(sender.sent,)]
        assert service.terminate() == 0
        assert_directory_conserved(service.data)  # `logs` reads commands, too
        assert service.rows("SELECT sum(n) FROM pattern_minutes") == [(sender.sent,)]
        assert _kept_of_patterns(service.data) == sender.sent
        patterns = service.rows("SELECT template FROM patterns ORDER BY 1")
        assert patterns == [(f"{'abcdefgh'[fault]} is broken",) for fault in range(FAULTS)]
    finally:
        service.kill()
