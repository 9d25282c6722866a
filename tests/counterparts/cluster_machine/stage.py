"""What the machine plays on: the cluster, three processes, their senders, and what must be true in the end."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import xxhash

from collector.cluster.record import entry_of
from collector.cluster.restoring import Restoring, Taken
from collector.errors import Refusal
from collector.journal.entry import Payload
from collector.kafka.wire import Place, TopicSpec
from collector.ledger.sources import partition_of
from collector.testing.log_cluster import LogCluster, SendEnd
from counterparts.cluster_machine.account import Destinations, assert_account, difference, restored_rows, table_rows
from counterparts.cluster_machine.inline import inline
from counterparts.cluster_machine.process import (
    EXPORTERS,
    NAME,
    PARTITIONS,
    PIPELINES,
    PLAN,
    PREFIX,
    TALLY,
    Process,
    Work,
)  # fmt: skip
from counterparts.partition_bench import request

NAMES = ("a", "b", "c")
DOMAINS = ("d0.example", "d1.example", "d2.example", "d3.example")
COMPACT, DELETE = {"cleanup.policy": "compact"}, {"cleanup.policy": "delete"}
TOPICS = {"intake": DELETE, "control": DELETE, "ledger": COMPACT, "outbox": DELETE, "dead": COMPACT}
_ROUNDS = 60
_MEMORY = Path("/dev/shm")


@dataclass
class Sent:
    """A payload. `answered`: somebody was told that it is taken."""

    payload: Payload
    texts: list[str]
    answered: bool = False


class Stage:
    """Three processes, two partitions."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="cluster-machine-", dir=_MEMORY if _MEMORY.exists() else None))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = LogCluster(holding=True)
        self._stack.enter_context(inline(self.cluster))
        self.cluster.wire(PREFIX).admin().create(
            [TopicSpec(f"{PREFIX}.{name}", PARTITIONS, config) for name, config in TOPICS.items()], 1
        )
        self.destinations = Destinations()
        self.sent: list[Sent] = []
        self.sent_before: list[Sent] = []
        self.landed: dict[tuple[int, int], tuple[str, int]] = {}
        self.processes = [Process(self.cluster, name, self.folder / name, self.destinations.take) for name in NAMES]

    # --- what rules do

    def send_out(self, process: int, domains: list[str]) -> None:
        for records, domain in enumerate(domains, 1):
            texts = [f"{len(self.sent_before) + len(self.sent)}/{number}" for number in range(records)]
            body = request(texts)
            payload = Payload(domain, "otlp", body, records, self.cluster.unix_ms, xxhash.xxh3_128_digest(body))
            self.sent.append(Sent(payload, texts))
            self.submit(process, self.sent[-1])

    def submit(self, number: int, sent: Sent) -> None:
        process = self.processes[number]

        def done(refusal: Refusal | None) -> None:
            sent.answered |= refusal is None

        if process.alive and not process.frozen:
            process.accept(sent.payload._replace(received_unix_ms=self.cluster.unix_ms), done)

    def put(self, end: SendEnd) -> None:
        self.cluster.sends.append(end)
        self.cluster.deliver()
        self.cluster.sends.clear()

    def act(self, number: int, act: Callable[[Process], object]) -> None:
        self.note_what_landed()
        process = self.processes[number]
        if process.alive and not process.frozen:
            with process.acting():
                act(process)

    def let_pass(self, secs: float, does: Work) -> None:
        """Time passes, and everybody who lives looks around, and works."""
        self.cluster.advance(secs)
        at = self.cluster.at
        for _ in range(2):
            for number in range(len(NAMES)):
                self.act(number, Process.look)
        for number in range(len(NAMES)):
            self.act(number, lambda each: each.work(does))
        self.cluster.at = at

    def take_while(self, stopped: int, point: str, act: Callable[[Process], object]) -> None:
        """Others look for what is theirs; the first one that comes to `point` meanwhile finds that process `stopped` goes on, and acts.
        What they took then is what the log says."""
        others = [each for each in self.processes if each is not self.processes[stopped]]
        before = {(each, number) for each in others for number in each.held}

        def meanwhile() -> None:
            for each in others:
                each.standing = None
            self.processes[stopped].thaw()
            at = self.cluster.at
            self.act(stopped, act)
            self.cluster.at = at

        for each in others:
            each.standing = point, meanwhile
            self.act(self.processes.index(each), Process.look)
            each.standing = None
        if self.processes[stopped].frozen:  # nobody came to it
            self.processes[stopped].thaw()
        for each in others:
            self.act(self.processes.index(each), Process.work)
            for number in [number for number in each.held if (each, number) not in before]:
                self._check_rows(each, number)

    # --- what is true

    def note_what_landed(self) -> None:
        """All that ever stood in the intake, before it is trimmed."""
        for number in range(PARTITIONS):
            for slot in self.cluster.log(Place(f"{PREFIX}.intake", number)).slots:
                if slot.message is not None and (number, slot.offset) not in self.landed:
                    entry = entry_of(slot.message, "", "")
                    self.landed[number, slot.offset] = entry.domain, entry.records

    def drain(self) -> None:
        """Everything works again, until nothing is left to do."""
        self.cluster.resume()
        self.cluster.commits.clear()
        for process in self.processes:
            process.doom = None
            if process.frozen:
                process.thaw()
            if not process.alive:
                process.start()
        for _ in range(_ROUNDS):
            if self._round():
                return
        raise AssertionError(f"there is still work after {_ROUNDS} rounds")

    def _round(self) -> bool:
        """Whether nothing was left."""
        self.cluster.advance(2.0)
        for number, sent in enumerate(self.sent):
            if not sent.answered:
                self.submit(number % len(NAMES), sent)
        self.cluster.deliver()
        self.note_what_landed()
        moved = False
        for number in range(len(NAMES)):
            self.act(number, Process.look)
        for process in self.processes:
            with process.acting():
                moved |= process.work()
        owned = [number for process in self.processes for number in process.held]
        return not moved and sorted(owned) == list(range(PARTITIONS)) and all(sent.answered for sent in self.sent)

    def check(self) -> None:
        self.sent = self.sent_before + self.sent
        texts = [text for sent in self.sent for text in sent.texts]
        for exporter in EXPORTERS:
            self.destinations.check(exporter, texts)
        for process in self.processes:
            for number, taken in list(process.held.items()):
                self._check_partition(process, number, taken)

    def _check_partition(self, process: Process, number: int, taken: Taken) -> None:
        mine = [sent for sent in self.sent if partition_of(sent.payload.domain, PARTITIONS) == number]
        by_domain = Counter[str]()
        for sent in mine:
            by_domain[sent.payload.domain] += sent.payload.records
        for domain, records in by_domain.items():
            kept = taken.ledger.state(TALLY, domain).get_many([NAME]).get(NAME, b"0")
            assert int(kept) == records, f"{domain}: {records} records were accepted, the component counted {int(kept)}"
        landed = self._landed_records(number)
        self._check_rows(process, number)
        assert_account(process.folder / str(number), landed, [each.id for each in PIPELINES])

    def _check_rows(self, process: Process, number: int) -> None:
        """What its owner has is what the log says; it owns it no more then."""
        owners = table_rows(process.held[number].ledger)
        with process.acting():
            process.drop(number)
        wire = self.cluster.wire(PREFIX)
        restoring = Restoring(wire, wire.admin(), PREFIX, now_unix_ms=lambda: self.cluster.unix_ms)
        restored = restored_rows(restoring, number, self.folder / f"restored-{number}", PLAN.partition_bytes)
        assert not difference(owners, restored), f"partition {number}: {difference(owners, restored)}"

    def _landed_records(self, number: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for (partition, _), (domain, records) in self.landed.items():
            if partition == number:
                found[domain] += records
        return found

    def close(self) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            if process.alive:
                process.kill()
        self._stack.close()
