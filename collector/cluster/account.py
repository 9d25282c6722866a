"""What an ingest slot remembers on its own disk while its payloads go to Kafka: counts of its receivers, and how far they have read.

It is a journal without entries (`collector.journal.layout`), at the journal's place, so whoever looks at counts finds them as ever. What is
acknowledged stands in Kafka, and this follows: positions before their reader is told, counts within half a second. A process that dies in
between has accepted what it did not count, and a receiver reads again what stands in Kafka already, where its digest tells. So the counts
of pipelines are exact, and those of receivers can be short of what was under way at a death.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from collector.disk.environment import Environment
from collector.errors import Damaged, StorageError
from collector.journal.book import Book, Draft
from collector.journal.entry import Payload
from collector.journal.layout import FORMAT_VERSION, KIND, OLDEST_FORMAT, STATE, TABLES
from collector.journal.positions import Position, positions

BUDGET_BYTES = 64 << 20

Component = tuple[str, str, str]
"""(domain, component, outcome)."""


class News:
    """What is not written yet. Not for several threads."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], list[int]] = {}
        self._positions: dict[tuple[str, bytes], tuple[str, Position]] = {}
        self.counted: Counter[Component] = Counter()

    def __bool__(self) -> bool:
        return bool(self._taken or self._positions or self.counted)

    def take(self, payloads: Sequence[Payload]) -> None:
        """These are durable."""
        for payload in payloads:
            sums = self._taken.setdefault((payload.domain, payload.receiver), [0, 0, 0])
            sums[0] += 1
            sums[1] += payload.records
            sums[2] += len(payload.body)
            if payload.position is not None:
                for position in (payload.position, *payload.besides):
                    self._positions[payload.receiver, position.source] = payload.domain, position

    def put_before(self, later: News) -> None:
        """This could not be written: it comes with what came since."""
        for names, sums in self._taken.items():
            others = later._taken.get(names, [0, 0, 0])
            later._taken[names] = [mine + other for mine, other in zip(sums, others, strict=True)]
        later._positions = self._positions | later._positions
        later.counted.update(self.counted)

    def write(self, draft: Draft) -> None:
        """All of it."""
        for (domain, receiver), (entries, records, size) in self._taken.items():
            draft.note(domain, receiver, entries, records, size)
        for (receiver, _), (domain, position) in self._positions.items():
            draft.place(domain, receiver, [position])
        for (domain, component, outcome), records in self.counted.items():
            draft.count(domain, component, outcome, records)


class Account:
    """The account of one slot, open for writing. `commit` is for one thread, the rest for any."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._tables = environment.dbs(TABLES)
        if environment.tables > len(TABLES):
            raise Damaged(f"{environment.path} is damaged: a table has lost its name")
        self._book = Book.load(environment, 0)
        if not self._book.empty:
            raise StorageError(
                f"{environment.path} holds payloads that nobody has processed, from the time before `service.ledger.kafka`: "
                "start logboom without it once, until nothing waits (`logboom_journal_entries` is 0)"
            )

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open it, or make it.

        Raises:
            StorageError: another process holds it, it is of a foreign format, or a journal with entries that wait.
        """
        environment = Environment.create(path, BUDGET_BYTES, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        try:
            return cls(environment)
        except BaseException:
            environment.close()
            raise

    def commit(self, news: News) -> None:
        """Write it, all or nothing. Raises `StorageError`."""
        draft = Draft(self._book)
        news.write(draft)
        with self._environment.write() as txn:
            draft.write(txn, self._tables)
        self._environment.check_current()
        self._book.adopt(draft)

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """Source → position, as of the last commit."""
        number = self._book.receivers.get(receiver)
        if number is None:
            return {}
        with self._environment.read() as txn:
            return positions(txn, self._tables[STATE], number)

    def totals(self) -> Mapping[str, tuple[int, int]]:
        """Domain → records and bytes that were taken since the account was made, as of the last commit."""
        tallies = [(name, self._book.tallies.get(number)) for name, number in list(self._book.domains.items())]
        return {name: (tally.records_in, tally.bytes_in) for name, tally in tallies if tally is not None}

    def close(self) -> None:
        """Let go of the files; safe twice."""
        self._environment.close()
