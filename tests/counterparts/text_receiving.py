"""A receiver of text on free ports with a journal in memory behind it: what was sent, as pipelines get it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import otlp_wire
from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.batch import LogBatch
from collector.component import Context, Factory, JournalsText, Receiver
from collector.domains.resolver import DomainResolver, DomainRules
from collector.journal.entry import Entry
from collector.journal.layout import PayloadKind
from collector.pipeline.decode import decode
from collector.testing.intake import MemoryIntake
from collector.testing.work import FakeWork

SECS = 30.0


@dataclass
class TextReceiving:
    """A running receiver."""

    receiver: Receiver
    config: Any
    intake: MemoryIntake
    admission: Admission
    work: FakeWork = field(default_factory=FakeWork)

    def address(self, protocol: str = "tcp") -> str:
        """Where it listens."""
        return self.receiver.endpoints()[protocol]

    def connected(self) -> socket.socket:
        """A connection."""
        address = self.address()
        if address.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(SECS)
            connection.connect(address.removeprefix("unix:"))
            return connection
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), SECS)

    def datagrams(self, *sent: bytes) -> None:
        """Send each."""
        address = self.address("udp")
        if address.startswith("unix:"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                for each in sent:
                    sender.sendto(each, address.removeprefix("unix:"))
            return
        host, _, port = address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for each in sent:
                sender.sendto(each, (host, int(port)))

    def batch(self) -> LogBatch:
        """Of all that is in the journal, behind the receiver's own steps."""
        payloads = self.intake.payloads
        assert all(payload.kind is PayloadKind.TEXT for payload in payloads)
        entries = [
            Entry("0" * 16, number, each.domain, each.receiver, each.body, each.records, each.received_unix_ms, each.digest, text=True)
            for number, each in enumerate(payloads, 1)
        ]  # fmt: skip
        batch = decode(entries).batch
        assert sum(each.records for each in payloads) == len(batch)
        assert len({each.digest for each in payloads}) == len(payloads)
        assert isinstance(self.config, JournalsText)
        refiner = self.config.refiner(Context(payloads[0].receiver, Path())) if payloads else None
        return refiner.process(batch, self.work) if refiner is not None else batch

    def records(self) -> list[dict[str, Any]]:
        """Each with its body, attributes, time and level."""
        if not self.intake.payloads:
            return []
        batch = self.batch()
        found = [
            {name: value for name, value in zip(("body", "time", "severity", "text"), row, strict=True) if value not in (None, 0, "")}
            for row in batch.records.select("body", "time_unix_nano", "severity_number", "severity_text").iter_rows()
        ]  # fmt: skip
        for key in batch.derived.columns:
            for each, value in zip(found, batch.derived.get_column(key).to_list(), strict=True):
                each |= {key: value} if value is not None else {}
        for row in batch.attributes.iter_rows(named=True):
            if row["any"] is not None:
                found[row["owner"]][row["key"]] = otlp_wire.any_to_python(row["any"])
        return found

    def eventually(self, count: int) -> list[dict[str, Any]]:
        """Once so many have come."""
        self.await_sent(count)
        found = self.records()
        assert len(found) >= count, f"{len(found)} of {count} records"
        return found

    def await_sent(self, count: int) -> None:
        """Until so many are in the journal."""
        ends = time.monotonic() + SECS
        while self.intake.records < count:
            assert time.monotonic() < ends, f"{self.intake.records} of {count} records"
            time.sleep(0.005)


@contextlib.contextmanager
def text_receiving(
    factory: Factory[Any], options: Mapping[str, Any], intake: MemoryIntake | None = None, name: str = ""
) -> Iterator[TextReceiving]:
    """Started; it is shut down at the end."""
    kept = intake or MemoryIntake()
    admission = Admission(checks(DomainResolver(DomainRules())), kept)
    config = factory.config.model_validate(options)
    receiver = factory.create(config, Context(name or factory.name, Path()))
    receiver.start(admission)
    try:
        yield TextReceiving(receiver, config, kept, admission)
    finally:
        receiver.shutdown(5.0)
        receiver.shutdown(5.0)
