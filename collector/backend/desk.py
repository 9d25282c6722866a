"""The dead letters of a data directory: read from the partitions, asked for by files that their owners take up."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.backend.data_dir import DataDir
from collector.backend.interface import ANY, FiledLetter, LetterFilter, NoSuchDeadLetter
from collector.encryption import Keys
from collector.errors import Damaged
from collector.journal.entry import Entry
from collector.ledger.deadletters import Action, request
from collector.ledger.reader import PartitionReader

if TYPE_CHECKING:
    from collector.batch import LogBatch


class LocalDesk:
    """The `Desk` of a data directory."""

    def __init__(self, data_dir: DataDir, keys: Keys | None = None) -> None:
        self._dir = data_dir
        self._keys = keys

    def letters(self, chosen: LetterFilter = ANY) -> list[FiledLetter]:
        """See `Desk.letters`."""
        found: list[FiledLetter] = []
        for number in range(self._dir.partitions):
            with self._reading(number) as reader:
                infos = reader.dead_letters(limit=sys.maxsize)
            found += [FiledLetter(number, info) for info in infos if chosen.chooses(info)]
        return found

    def named(self, ids: Sequence[str]) -> list[FiledLetter]:
        """See `Desk.named`."""
        known = {letter.id: letter for letter in self.letters()}
        if missing := [id_ for id_ in ids if id_ not in known]:
            raise NoSuchDeadLetter(missing)
        return [known[id_] for id_ in dict.fromkeys(ids)]

    def content(self, letter: FiledLetter) -> LogBatch | Sequence[Entry]:
        """See `Desk.content`."""
        from collector.ledger.contents import Contents
        from collector.ledger.pieces import StoredBatch

        with self._reading(letter.partition) as reader:
            content = reader.dead_letter_content(letter.info.id)
        opened = Contents(self._keys).opened(content).content
        assert not isinstance(opened, StoredBatch), "a batch is decoded whole unless pieces are asked for"
        return opened

    def waiting(self, domain: str) -> Iterator[LogBatch | Sequence[Entry] | int]:
        """What waits for exporters and holds records of a domain; a number: so many records of it, that a journal holds or that can't be
        read."""
        from collector.ledger.contents import Contents
        from collector.ledger.pieces import StoredBatch

        for number in range(self._dir.partitions):
            with self._reading(number) as reader:
                for content, records in reader.waiting(domain):
                    if content is None:
                        yield records
                        continue
                    try:
                        opened = Contents(self._keys).opened(content).content
                    except Damaged:
                        yield records
                        continue
                    assert not isinstance(opened, StoredBatch), "a batch is decoded whole unless pieces are asked for"
                    yield opened

    def damaged(self) -> list[str]:
        """See `Desk.damaged`."""
        from collector.journal.inspection import damage_of
        from collector.ledger.inspection import damage_in  # loads columns

        journals = [*(self._dir.journal(slot) for slot in self._dir.journal_slots()), self._dir.control]
        found = [damage_of(path) for path in journals]
        found += [damage_in(self._dir.partition(number)) for number in range(self._dir.partitions)]
        return [said for said in found if said]

    def request(self, action: Action, letters: Sequence[FiledLetter]) -> None:
        """See `Desk.request`."""
        by_partition: defaultdict[int, list[int]] = defaultdict(list)
        for letter in letters:
            by_partition[letter.partition].append(letter.info.id)
        for number, ids in by_partition.items():
            request(self._dir.partition(number), action, ids)

    @contextmanager
    def _reading(self, partition: int) -> Iterator[PartitionReader]:
        reader = PartitionReader.open(self._dir.partition(partition))
        try:
            yield reader
        finally:
            reader.close()
