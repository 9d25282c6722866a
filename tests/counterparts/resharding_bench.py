"""What a cluster keeps, in every table of it, and what of it is where after it moved to another number of partitions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from collector.cli.cluster_reshard import of_none
from collector.cluster.generation import Generation, read_generation
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.resharding import Resharding
from collector.cluster.restoring import Restoring
from collector.cluster.topics import prepared
from collector.disk.environment import Environment
from collector.kafka.wire import NewRecord, Place
from collector.ledger import deadletters, receipts, roster, timers
from collector.ledger.codec import decode_batch, encode_batch
from collector.ledger.counts import add_counts, load_counts
from collector.ledger.deadletters import NewDeadLetter
from collector.ledger.digests import DigestRow, write_digests
from collector.ledger.outbox import Totals, all_totals, put_totals
from collector.ledger.plan import LetterAges
from collector.ledger.roster import PipelineRecord
from collector.ledger.sharing_out import tables_of
from collector.ledger.sources import partition_of
from collector.ledger.state import each_value, write_state
from collector.ledger.tables import U64, Tables, get_u64, key, put_u64, rows
from collector.outcomes import Counts
from collector.pipeline.republishing import KEEPER as STORES
from collector.privacy.tombstones import KEEPER as ERASURES
from collector.privacy.tombstones import Tombstone, name_of
from collector.testing.log_cluster import LogCluster
from collector.testing.text_batch import text_batch

OPTIONS = KafkaLedgerConfig(prefix="lb", instance_id="one")
DOMAINS = [f"d{number}.example" for number in range(9)]
BUDGET = 32 << 20


class _Brokers(LogCluster):
    """Whose clock is the machine's, and nobody waits."""

    @property
    def unix_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


def fill(environment: Environment, number: int, partitions: int) -> None:
    """Something of each domain of a partition in each table, something of no domain, and what several have alike."""
    tables = tables_of(environment)
    mine = [domain for domain in DOMAINS if partition_of(domain, partitions) == number]
    with environment.write() as txn:
        for place, domain in enumerate(mine):
            _fill_domain(txn, tables, domain, place)
        tombstones = [Tombstone(each, each, "ada", "why", 5, 5, ended_unix_nano=9) for each in mine]
        erased = {(ERASURES, "", name_of(each.id)): each.encoded() for each in tombstones}
        write_state(txn, tables, {**erased, (STORES, "", b"mark"): b"7 store"})
        if mine:
            _bury(txn, tables, "exporter/x", mine)
        add_counts(txn, tables.counts, Counts({("", "receiver/otlp", "refused"): number + 1}))
        roster.put_pipeline(txn, tables, PipelineRecord("logs", ["otlp"], {"journal": 5}))
        put_totals(txn, tables, "x", Totals())
        put_totals(txn, tables, "gone", Totals(removed_unix_ms=100 + number))
        put_u64(txn, tables.owners, b"issues", 0 if number == 1 else 5)
        put_u64(txn, tables.partition, b"next_seq", 10 + number)


def _fill_domain(txn: Any, tables: Tables, domain: str, place: int) -> None:
    large = domain.encode() * 700  # several chunks
    write_state(txn, tables, {("issues", domain, b"a\0b"): b"small", ("issues", domain, b"large"): large})
    add_counts(txn, tables.counts, Counts({(domain, "pipeline/logs", "accepted"): 3 + place}))
    for ran in (False, True):
        timers.put(txn, tables, timers.Timer(("issues", domain, "look"), 1_000 + place, ran))
    receipts.put(txn, tables, receipts.Receipt(domain, receipts.row_of("jira", (domain, "issue")), 1 << 50, b"T-1"))
    row = DigestRow(domain, 5, key("logs", domain, U64.pack(5) + b"read" + b"\0\0"), (b"x" * 20,))
    write_digests(txn, tables.digests, [row], [])
    _bury(txn, tables, "pipeline/logs", [domain])


def _bury(txn: Any, tables: Tables, owner: str, domains: Sequence[str]) -> None:
    batch = text_batch([f"of {domain}" for domain in domains], domains)
    letter = NewDeadLetter(owner, "logs", "why", dict(batch.by_domain()), encode_batch(batch))
    deadletters.bury(txn, tables, [letter], 1234, 1 << 60, LetterAges())


Kept = Counter[tuple[Any, ...]]


def kept(environment: Environment, partitions: int, number: int) -> Kept:
    """All that a partition keeps, each with what it is; and that nothing of it is another's."""
    found: Kept = Counter()
    tables = tables_of(environment)
    with environment.read() as txn:
        for name, value in each_value(txn, tables):
            if name[0] != STORES:
                found["state", *name, value] += 1
        for counted, records in load_counts(txn, tables.counts).items():
            found["count", *counted] += records
        for timer in timers.each(txn, tables):
            found["timer", *timer.name, timer.at_unix_nano, timer.ran] += 1
        for row_key, _ in rows(txn, tables.timers, b""):
            found["timer row", row_key] += 1
        for receipt in receipts.each(txn, tables):
            found["receipt", *receipt] += 1
        for row_key, value in rows(txn, tables.digests, b""):
            found["digest", row_key, value] += 1
        letters = list(deadletters.each_letter(txn, tables))
        for info in letters:
            batch = decode_batch(deadletters.dead_content(txn, tables, info.id))
            assert dict(batch.by_domain()) == info.by_domain
            for domain, body in zip(batch.column("domain"), batch.column("body"), strict=True):
                found["letter", info.owner, info.reason, info.created_unix_ms, domain, body] += 1
        assert get_u64(txn, tables.partition, b"dead_bytes") == sum(info.size_bytes for info in letters)
        held = sum(U64.unpack(value)[0] for _, value in rows(txn, tables.state_bytes, b""))
        assert get_u64(txn, tables.partition, b"state_bytes") == held
    theirs = {
        each[2] if each[0] in ("state", "timer") else each[1]
        for each in found
        if each[0] in ("state", "timer", "count", "receipt")
    }
    assert {domain for domain in theirs if domain and partition_of(domain, partitions) != number} == set()
    return found


def known(environment: Environment) -> tuple[Any, ...]:
    """What a partition knows of the configuration, and its numbers."""
    tables = tables_of(environment)
    with environment.read() as txn:
        return (
            roster.pipelines(txn, tables), {name: sums.removed_unix_ms for name, sums in all_totals(txn, tables).items()},
            {bytes(name): U64.unpack(at)[0] for name, at in rows(txn, tables.owners, b"")},
            get_u64(txn, tables.partition, b"next_seq"),
        )  # fmt: skip


class Dies(BaseException):
    """A process does, wherever it is."""


class ReshardedCluster:
    """Partitions of a simulated cluster that nobody owns, each with something in every table.

    `clock` is one that goes on by itself, a moment each time that it is looked at.
    """

    def __init__(self, root: Path, partitions: int) -> None:
        self.cluster = _Brokers()
        self.root, self.partitions, self.options = root, partitions, OPTIONS
        self._passed = 0.0
        prepared(self.cluster.wire("lb").admin(), OPTIONS, partitions, None)
        for number in range(partitions):
            with self.opened(number) as environment:
                fill(environment, number, partitions)

    def clock(self) -> float:
        """Monotonic seconds."""
        self._passed += 0.25
        return self._passed

    def tell(self, owner: str = "one", *, shut: bool = True) -> None:
        """Owners have nothing to do, and a door is there, which is shut already for the next generation that is tried."""
        generation = read_generation(self.cluster.wire("lb"), self.options).tried + 1
        sender = self.cluster.wire("lb").sender("owners")
        status = orjson.dumps({"owner": owner, "worker": 0, "at_unix_ms": 1 << 50, "lag": {}, "queues": {}})
        for number in range(self.partitions):
            sender.send(NewRecord(Place(self.options.topic("status"), number), b"%d" % number, status), lambda *_: None)
        door = orjson.dumps({"generation": 1, "version": "1", "number": 1, "shut": generation if shut else 0})
        sender.send(NewRecord(Place("lb.status", 0), b"doors/one/0", door), lambda *_: None)
        sender.close(1)

    @contextmanager
    def opened(self, number: int) -> Iterator[Environment]:
        """A partition of the generation that counts, taken as an owner takes it."""
        wire = self.cluster.wire(self.options.names)
        restoring = Restoring(wire, wire.admin(), self.options.names)
        follower, changelog = restoring.take(number, self.root / f"copy-{self.options.generation}-{number}", BUDGET)
        follower.environment.follow(changelog)
        with follower.environment:
            yield follower.environment

    def kept(self) -> Kept:
        """Of all partitions together."""
        found: Kept = Counter()
        for number in range(self.partitions):
            with self.opened(number) as environment:
                found += kept(environment, self.partitions, number)
        return found

    def reshard(self, partitions: int, at: Callable[[str], None] | None = None, within_secs: float = 1e6) -> Generation:
        """As the command does, told of each point at which it may die. See `tell`."""
        moving = Resharding(
            lambda options: self.cluster.wire(options.names), self.options, self.partitions, self.root / "scratch", of_none,
            by="me", within_secs=within_secs, listen_secs=0.0, pause=lambda _: None, clock=self.clock,
        )  # fmt: skip
        self.cluster.at = at or (lambda _: None)
        try:
            made = moving.run(partitions)
        finally:
            self.cluster.at = lambda _: None
        self.follow(made)
        return made

    def follow(self, made: Generation) -> None:
        """What counts from now on."""
        self.options, self.partitions = self.options.of_generation(made.number), made.partitions
