"""Writes the data directory of `d7884ae.tar.xz`: run by an interpreter that has that version installed, packed without
lock.mdb, which LMDB makes anew.

    python tests/integration/upgrade/write_data.py DIR; tar -C DIR --exclude lock.mdb -cJf d7884ae.tar.xz .

It ends by SIGKILL, with entries in hand. What it leaves: a backlog in the journal, with a large payload of cheap records and
a copy of one that was processed; outbox entries that wait, are spilled, and are references into the journal; a payload that
can't be decoded and records that a destination rejected as dead letters; counts of a triage rule, and endpoints that `categorize`
has admitted (since fcedcb3); an attempts marker. `0bbb6ad` is the last whose partitions are of format 3.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import xxhash
from older_setup import PLAN, now_unix_ms, now_unix_nano, processors
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.batch import LogBatch
from collector.component import Work
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal
from collector.ledger.interface import Ack, DeadLetter
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import bodies_of, exported

ALL = 1 << 40


def request(bodies: Sequence[str]) -> bytes:
    """With a record for each body; every one says when it was, else a copy is no duplicate."""
    message = ExportLogsServiceRequest()
    scope_logs = message.resource_logs.add().scope_logs.add()
    for body in bodies:
        record = scope_logs.log_records.add(time_unix_nano=now_unix_nano(), severity_number=9)
        record.body.string_value = body
        record.attributes.add(key="url.path").value.string_value = f"/{body.split()[0]}"
    return message.SerializeToString()


class Deadly:
    """A processor that kills the worker."""

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        os.kill(os.getpid(), signal.SIGKILL)
        return batch


class Sender:
    """Numbers its records over all requests."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.records = 0

    def bodies(self, count: int, word: str = "record") -> list[str]:
        self.records += count
        return [f"{word} {number}" for number in range(self.records - count, self.records)]

    def send(self, domain: str, bodies: Sequence[str]) -> None:
        self.send_raw(domain, request(bodies), len(bodies))

    def send_raw(self, domain: str, body: bytes, records: int) -> None:
        done = threading.Event()
        payload = Payload(domain, "otlp", body, records, now_unix_ms(), xxhash.xxh3_128_digest(body))
        self._journal.append([payload], lambda _: done.set())
        assert done.wait(30)


def main(root: Path) -> None:
    for name in ("journal", "partition"):
        (root / name).mkdir(parents=True)
    (root / "layout.json").write_text(json.dumps({"format": 1, "partitions": 1}))
    partition = root / "partition" / "0"
    journal = Journal.open(root / "journal" / "0", JournalLimits(4 << 20, max_domain_share=1.0), dict, print)
    sources = JournalSources([root / "journal" / "0"])
    ledger = PartitionLedger.open(partition, PLAN, sources, 0, 1, now_unix_ms=now_unix_ms)
    logs, raw, dying = (
        Pipeline(
            id_, ledger, own, attempts_path=partition, passthrough=id_ == "raw", max_records=40, now_unix_nano=now_unix_nano
        )
        for id_, own in (("logs", processors(root)), ("raw", []), ("logs", [("deadly", Deadly())]))
    )  # fmt: skip
    sender = Sender(journal)
    delivered = []

    first = sender.bodies(10)
    sender.send("a.example", first)
    sender.send("a.example", sender.bodies(4, "failed login"))
    sender.send("b.example", sender.bodies(10))
    sender.send_raw("b.example", b"\x0a\x05\x12\xff\xff\xff\xff", 1)
    while logs.step():
        pass
    for entry in ledger.deliverable("sqlite", -1, ALL):
        delivered += bodies_of(entry)
        ledger.ack("sqlite", [exported(entry)])

    sender.send("a.example", sender.bodies(6, "rejected"))
    while logs.step():
        pass
    (entry,) = ledger.deliverable("sqlite", -1, ALL)
    letter = DeadLetter(entry.seq, "no such index", entry.content.slice(0, 2))  # type: ignore[union-attr]
    outcomes = {("a.example", "exported"): 4, ("a.example", "dead_lettered"): 2}
    ledger.ack("sqlite", [Ack(entry.seq, outcomes, [letter])])
    delivered += bodies_of(entry)[2:]

    sender.send("a.example", sender.bodies(30))
    sender.send("b.example", sender.bodies(30))
    while logs.step():
        pass
    while raw.step():
        pass

    sender.send("a.example", first)
    sender.send("a.example", sender.bodies(3, "failed login"))
    sender.send("b.example", sender.bodies(30_000, "cheap"))
    sender.send("a.example", sender.bodies(5))
    (root / "written.json").write_text(json.dumps({"records": sender.records, "delivered": delivered}))
    journal.close(30)
    dying.step()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
