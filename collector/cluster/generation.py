"""Which topics count: those of a generation. A cluster begins with the first; another number of partitions makes the next one.

    <prefix>.status/0, key generation = {"generation", "partitions", "former", "tried", "topics", "ends", "move"}

All that happens to it is a record there, in a transaction under the name `<names of the generation>-generation`: who claims it reads what is true
then, and nobody who claimed before can change it any more. So a change of generation happened, or it did not, whoever dies.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import orjson

from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.whole import read_whole
from collector.errors import StorageError
from collector.kafka.wire import NewRecord, Place, Wire

KEY = b"generation"
LEASE_SECS = 60.0
"""So long after whoever moves the cluster was heard of last, the doors open again in the old generation."""
_READ_SECS, _CLAIM_SECS, _COMMIT_SECS = 30.0, 15.0, 10.0


@dataclass(frozen=True, slots=True)
class Move:
    """What is under way.

    Args:
        generation: that is being made.
        by: who does it, for people.
        stage: how far it is, for people.
    """

    generation: int
    partitions: int
    by: str
    stage: str
    since_unix_ms: int
    renewed_unix_ms: int


@dataclass(frozen=True, slots=True)
class Generation:
    """What is true.

    Args:
        number: the generation whose topics count.
        partitions: of its topics; 0: nobody told, they are as they were made.
        former: how many earlier ones had, the last one first.
        tried: the highest number that was given to one; those in between were given up, and their topics hold nothing.
        topics: topic → id, of this generation.
        ends: `topic/partition` → where what was accepted in the generation before ends; nothing may stand behind it.
        move: what is under way.
    """

    number: int = 1
    partitions: int = 0
    former: tuple[int, ...] = ()
    tried: int = 1
    topics: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)
    move: Move | None = None

    @classmethod
    def parsed(cls, text: bytes) -> Self:
        """Raises `StorageError`: a newer logboom told it, or somebody else."""
        try:
            told: dict[str, Any] = orjson.loads(text)
            move = None if told["move"] is None else Move(**told["move"])
            number, former = int(told.pop("generation")), tuple(int(each) for each in told["former"])
            return cls(**{**told, "number": number, "former": former, "move": move})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StorageError(
                "what the cluster tells of its generation is not understood by this version of logboom"
            ) from None

    def packed(self) -> bytes:
        """As it stands in the topic."""
        told = asdict(self)
        return orjson.dumps({"generation": told.pop("number"), **told})

    def reserved(self) -> Generation:
        """With a number for the next one, whose topics may be made then; what was under way is given up."""
        return replace(self, tried=self.tried + 1, move=None)

    def begun(self, partitions: int, by: str) -> Generation:
        """With a move to the generation that was reserved under way, of so many partitions."""
        assert self.tried > self.number, "its number is reserved"
        now = _unix_ms()
        return replace(self, move=Move(self.tried, partitions, by, "doors are being shut", now, now))

    def renewed(self, stage: str) -> Generation:
        """Its mover lives."""
        assert self.move is not None, "nothing is under way"
        return replace(self, move=replace(self.move, stage=stage, renewed_unix_ms=_unix_ms()))

    def given_up(self) -> Generation:
        """Without what is under way; its number is never given again."""
        return replace(self, move=None)

    def settled(self, topics: Mapping[str, str], ends: Mapping[str, int], partitions: int) -> Generation:
        """The next one counts. `partitions`: of this one."""
        assert self.move is not None, "nothing is under way"
        move = self.move
        return Generation(
            move.generation, move.partitions, (self.partitions or partitions, *self.former), self.tried, topics, ends
        )


def read_generation(wire: Wire, options: KafkaLedgerConfig, secs: float = _READ_SECS) -> Generation:
    """What is true now. The topic must be there.

    Raises:
        Unreachable: no broker answers.
        StorageError: it is not understood.
    """
    last = b""
    for each in read_whole(wire, "generation", [Place(options.root_topic, 0)], secs):
        if each.key == KEY and each.value:
            last = each.value
    return Generation.parsed(last) if last else Generation()


def current(wire: Wire, options: KafkaLedgerConfig) -> Generation | None:
    """What is true now, with the number of partitions that there are; None: there is no cluster of that name yet. Raises as
    `read_generation`."""
    admin = wire.admin()
    try:
        first = options.of_generation(1)
        there = admin.topics([options.root_topic, first.topic("intake")])
        if options.root_topic not in there:
            return None
        found = read_generation(wire, options)
        intake = there.get(first.topic("intake"))
        return replace(found, partitions=found.partitions or (intake.partitions if intake is not None else 0))
    finally:
        admin.close()


class Deciding:
    """Decides about a generation, as its only writer from `claim` on.

    Args:
        wire, options: of the generation that counts.
    """

    def __init__(self, wire: Wire, options: KafkaLedgerConfig) -> None:
        self._wire = wire
        self._options = options
        self._writer = wire.writer("generation")

    def claim(self) -> Generation:
        """What is true, and changes by us alone. Raises `Unreachable`, `StorageError`."""
        self._writer.claim(_CLAIM_SECS)
        return read_generation(self._wire, self._options)

    def tell(self, generation: Generation, beside: Sequence[NewRecord] = ()) -> Generation:
        """It is true from now on, or not at all.

        Raises:
            Fenced: another one decides.
            Refused: it is not; it may be told again.
            Unresolved: nobody knows.
        """
        place = Place(self._options.root_topic, 0)
        self._writer.commit([NewRecord(place, KEY, generation.packed()), *beside], _COMMIT_SECS)
        return generation

    def close(self) -> None:
        """Safe twice."""
        self._writer.close()


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
