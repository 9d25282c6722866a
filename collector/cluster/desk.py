"""The dead letters of a whole cluster: read from its topics, asked for in the topic `requests`, which the owners of partitions follow.

requests/n: {"action": "replay" | "delete", "ids": [id…]}
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from collector.backend.interface import ANY, FiledLetter, LetterFilter, NoSuchDeadLetter
from collector.cluster.changelog import Places, Row, row
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.whole import read_whole
from collector.errors import LogboomError, StorageError
from collector.journal.entry import Entry
from collector.kafka.wire import Message, NewRecord, Place, Refused, Unreachable, Wire
from collector.ledger.deadletters import Action, DeadLetterInfo
from collector.ledger.tables import U64

if TYPE_CHECKING:
    from collector.batch import LogBatch

_SECS = 120.0
"""Reading all rows of a cluster takes a while."""
_SEND_SECS = 15.0


class KafkaDesk:
    """The `Desk` of a cluster. Each call asks the brokers."""

    def __init__(self, wire: Wire, options: KafkaLedgerConfig, partitions: int, secs: float = _SECS) -> None:
        self._wire = wire
        self._options = options
        self._partitions = partitions
        self._secs = secs

    def letters(self, chosen: LetterFilter = ANY) -> list[FiledLetter]:
        """See `Desk.letters`."""
        places = [Places.of(self._options.names, number) for number in range(self._partitions)]
        headers = Values()
        for message in self._read([each.ledger for each in places]):
            found = row(places[message.place.partition], message)
            if found is not None and found.table == "dead":
                headers.put(message.place.partition, found)
        letters = [
            FiledLetter(partition, DeadLetterInfo(**orjson.loads(value))) for (partition, _), value in headers.items()
        ]
        return [letter for letter in letters if chosen.chooses(letter.info)]

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

        places, contents = Places.of(self._options.names, letter.partition), Values()
        for message in self._read([places.dead]):
            found = row(places, message)
            if found is not None and found.key == U64.pack(letter.info.id):
                contents.put(letter.partition, found)
        content = dict(contents.items()).get((letter.partition, letter.info.id))
        if content is None:
            raise NoSuchDeadLetter([letter.id])
        opened = Contents(None).opened(content).content
        assert not isinstance(opened, StoredBatch), "a batch is decoded whole unless pieces are asked for"
        return opened

    def damaged(self) -> list[str]:
        """See `Desk.damaged`: brokers compare what they keep with their own checksums."""
        return []

    def request(self, action: Action, letters: Sequence[FiledLetter]) -> None:
        """See `Desk.request`."""
        by_partition: defaultdict[int, list[int]] = defaultdict(list)
        for letter in letters:
            by_partition[letter.partition].append(letter.info.id)
        sender, ended = self._wire.sender("requests"), _Ended(len(by_partition))
        topic = self._options.topic("requests")
        for number, ids in by_partition.items():
            text = orjson.dumps({"action": action, "ids": ids})
            sender.send(NewRecord(Place(topic, number), b"%d" % number, text), ended.told)
        in_time = sender.close(_SEND_SECS)
        if ended.refused or not in_time:
            raise StorageError(f"the brokers did not take the request: {ended.refused or 'no answer'}")

    def _read(self, places: Sequence[Place]) -> Iterator[Message]:
        """All that stands in these places."""
        try:
            yield from read_whole(self._wire, "desk", places, self._secs)
        except Unreachable as error:
            raise StorageError(str(error)) from error


class Values:
    """Values of a table in parts, as rows say them one after the other."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], dict[int, bytes]] = {}

    def put(self, partition: int, found: Row) -> None:
        parts = self._parts.setdefault((partition, U64.unpack(found.key)[0]), {})
        if found.value is None:
            parts.pop(found.part, None)
        else:
            parts[found.part] = found.value

    def items(self) -> Iterator[tuple[tuple[int, int], bytes]]:
        """(partition, number) → value, in their order; those that were deleted are missing."""
        for key, parts in sorted(self._parts.items()):
            if 0 in parts:
                yield key, b"".join(value for _, value in sorted(parts.items()))


class _Ended:
    """How what was sent ended."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._left = count
        self.refused = ""

    def told(self, refused: Refused | LogboomError | None, offset: int) -> None:
        del offset
        with self._lock:
            self._left -= 1
            if refused is not None:
                self.refused = str(refused)
