"""What partitions keep, for the partitions that its domains belong to where there are more or fewer of them.

Nothing may be on its way in them (`waits`): cursors, queues and what they hold are of topics that end. All else names its domain, and goes with
it; what is of no domain is shared out by whoever knows what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from collector.disk.environment import Environment, Transaction
from collector.errors import StorageError
from collector.ledger import deadletters, outbox, receipts, roster, timers
from collector.ledger.counts import add_counts
from collector.ledger.cursors import floor
from collector.ledger.letters_apart import apart
from collector.ledger.outbox import Totals
from collector.ledger.plan import LetterAges
from collector.ledger.roster import PipelineRecord
from collector.ledger.state import each_value, write_state
from collector.ledger.tables import U64, Tables, get_u64, names, put_u64, rows
from collector.outcomes import Counts

OfNone = Callable[[str, bytes, bytes], "tuple[str, bytes] | None"]
"""(component, name, value) of state of no domain → whose it is, and what of it goes there; None: it is made anew. Raises `StorageError`: nobody
knows."""
_MOVED = b"moved"  # in `partition`
_AT_ONCE_BYTES = 1 << 20
_ROW_BYTES = 64
_NEVER = LetterAges()
Put = Callable[[Transaction, Tables], None]


def tables_of(environment: Environment) -> Tables:
    """Those of an environment that is open for writing."""
    tables = Tables.of(environment)
    assert tables is not None, "a writer makes the tables"
    return tables


def moved_to(environment: Environment) -> int:
    """The generation to which a partition was moved last, or was being moved; 0: none."""
    tables = tables_of(environment)
    with environment.read() as txn:
        return get_u64(txn, tables.partition, _MOVED)


def mark_moved(environment: Environment, generation: int) -> None:
    """Whoever takes the partition from now on knows. Raises as `Environment.write`."""
    tables = tables_of(environment)
    with environment.write() as txn:
        put_u64(txn, tables.partition, _MOVED, generation)


def waits(environment: Environment, data: tuple[str, int], control: tuple[str, int]) -> list[str]:
    """What is still on its way in a partition, for people; empty: nothing is.

    Args:
        data, control: the journals of what was sent, and of what people do and the service knows; and where each ends.

    Raises:
        StorageError: something waits that does not end by itself.
    """
    tables = tables_of(environment)
    with environment.read() as txn:
        known = roster.pipelines(txn, tables)
        found = []
        for record in known.values():
            if any(record.unread.values()):
                raise StorageError(
                    f"pipeline {record.id} left the configuration within the last day and has not read all that was accepted for it: put it "
                    "back, or wait until it is forgotten"
                )
            reads = [data] if record.reads_data else []
            reads += [control] if record.reads_control else []
            live = not record.removed_unix_ms
            if live and any(floor(txn, tables, [record], journal) < end for journal, end in reads):
                found.append(f"pipeline {record.id}")
        sums = outbox.all_totals(txn, tables)
        found += [f"exporter {exporter} ({held.records} records)" for exporter, held in sums.items() if held.entries]
        found += ["dead letters that are tried again"] if deadletters.marked_for_replay(txn, tables) else []
    return found


@dataclass(slots=True)
class _Batch:
    """What is to be written to one of them, and about how many bytes that is."""

    state: dict[tuple[str, str, bytes], bytes | None] = field(default_factory=dict)
    puts: list[Put] = field(default_factory=list)
    size: int = 0

    def write(self, environment: Environment, tables: Tables) -> None:
        environment.has_room(4 * self.size)  # its file grows ahead of it
        with environment.write() as txn:
            write_state(txn, tables, self.state)
            for put in self.puts:
                put(txn, tables)


class SharingOut:
    """Gives what partitions keep to new ones.

    Args:
        targets: the new ones, by number, empty.
        owner: domain → the number of the one that gets it.
        of_none: see there.
        at_work: told now and then that it goes on.
    """

    def __init__(
        self,
        targets: Sequence[Environment],
        owner: Callable[[str], int],
        of_none: OfNone,
        at_work: Callable[[], object] = lambda: None,
    ) -> None:
        self._at_work = at_work
        self._targets = targets
        self._tables = [tables_of(each) for each in targets]
        self._owner = owner
        self._of_none = of_none
        self._pipelines: dict[str, PipelineRecord] = {}
        self._exporters: dict[str, int] = {}
        self._components: dict[bytes, int] = {}
        self._next_seq = 0
        self.rows = 0

    def take(self, source: Environment) -> None:
        """All of one partition. Raises as `Environment.write`, and `StorageError`: something of it is nobody's."""
        tables, batches = tables_of(source), defaultdict[int, _Batch](_Batch)
        with source.read() as txn:
            self._remember(txn, tables)
            for name, value in each_value(txn, tables):
                self._state(batches, name, value)
            for domain, size, put in _puts(txn, tables):
                number = self._owner(domain)
                batches[number].puts.append(put)
                self._grow(batches, number, size)
            for info in deadletters.each_letter(txn, tables):
                content = deadletters.dead_content(txn, tables, info.id)
                for number, letter in apart(info, content, self._owner):
                    batches[number].puts.append(_burying(letter, info.created_unix_ms))
                    self._grow(batches, number, len(letter.content))
        for number in sorted(batches):
            self._write(batches.pop(number), number)

    def finish(self) -> None:
        """What all of them know alike. Raises as `take`."""
        for number in range(len(self._targets)):
            self._write(_Batch(puts=[self._know]), number)

    def _state(self, batches: dict[int, _Batch], name: tuple[str, str, bytes], value: bytes) -> None:
        component, domain, key = name
        if not domain:
            found = self._of_none(component, key, value)
            if found is None:
                return
            owner, value = found
        number = self._owner(domain or owner)
        batches[number].state[name] = value
        self._grow(batches, number, len(value) + len(key))

    def _grow(self, batches: dict[int, _Batch], number: int, size: int) -> None:
        batches[number].size += size + _ROW_BYTES
        self.rows += 1
        if batches[number].size >= _AT_ONCE_BYTES:
            self._write(batches.pop(number), number)

    def _write(self, batch: _Batch, number: int) -> None:
        self._at_work()
        batch.write(self._targets[number], self._tables[number])

    def _remember(self, txn: Transaction, tables: Tables) -> None:
        """What each partition knows of the configuration: what left it somewhere is there elsewhere, while some have not started since."""
        for name, record in roster.pipelines(txn, tables).items():
            known = self._pipelines.get(name)
            if known is None or not record.removed_unix_ms:
                self._pipelines[name] = replace(record, bases={}, unread={})
        for exporter, sums in outbox.all_totals(txn, tables).items():
            self._exporters[exporter] = _still(self._exporters.get(exporter), sums.removed_unix_ms)
        for row_key, value in rows(txn, tables.owners, b""):
            component = bytes(row_key)
            self._components[component] = _still(self._components.get(component), int(U64.unpack(value)[0]))
        self._next_seq = max(self._next_seq, get_u64(txn, tables.partition, b"next_seq"))

    def _know(self, txn: Transaction, tables: Tables) -> None:
        for record in self._pipelines.values():
            roster.put_pipeline(txn, tables, record)
        for exporter, removed in self._exporters.items():
            outbox.put_totals(txn, tables, exporter, Totals(removed_unix_ms=removed))
        for component, removed in self._components.items():
            put_u64(txn, tables.owners, component, removed)
        put_u64(txn, tables.partition, b"next_seq", self._next_seq)


def _puts(txn: Transaction, tables: Tables) -> Iterator[tuple[str, int, Put]]:
    """(domain, bytes, what writes it) of all that is neither state nor a dead letter."""
    for row_key, value in rows(txn, tables.counts, b""):
        domain, component, outcome = names(row_key)
        yield domain, len(row_key), _counting(Counts({(domain, component, outcome): int(U64.unpack(value)[0])}))
    for row_key, value in rows(txn, tables.digests, b""):
        domain = bytes(row_key).split(b"\0", 2)[1].decode()
        yield domain, len(row_key) + len(value), _putting("digests", bytes(row_key), bytes(value))
    for timer in timers.each(txn, tables):
        yield timer.name[1], _ROW_BYTES, _setting(timer)
    for receipt in receipts.each(txn, tables):
        yield receipt.domain, len(receipt.value), _remembering(receipt)


def _putting(table: str, row_key: bytes, value: bytes) -> Put:
    return lambda txn, tables: txn.put(row_key, value, db=getattr(tables, table))


def _setting(timer: timers.Timer) -> Put:
    return lambda txn, tables: timers.put(txn, tables, timer)


def _remembering(receipt: receipts.Receipt) -> Put:
    return lambda txn, tables: receipts.put(txn, tables, receipt)


def _counting(counts: Counts) -> Put:
    return lambda txn, tables: add_counts(txn, tables.counts, counts)


def _burying(letter: deadletters.NewDeadLetter, created_unix_ms: int) -> Put:
    return lambda txn, tables: deadletters.bury(txn, tables, [letter], created_unix_ms, 1 << 62, _NEVER)


def _still(known: int | None, removed: int) -> int:
    """When something left the configuration, as two partitions know it; 0: it is there for one of them, which has started since."""
    return removed if known is None else min(known, removed) and max(known, removed)
