"""What is asked of a log cluster, and no more: so that a simulated one can answer, with a clock and deaths of its own.

    `Sender`   puts records anywhere, each durable when its `done` is called        (intake, status, requests)
    `Writer`   puts records of one partition's owner: all of a commit, or none      (a transaction; `claim` fences predecessors)
    `Reader`   gives what is committed, from places that it is told                 (no group, no offsets kept by the cluster)
    `Group`    who of several members owns which number                             (a consumer group that reads nothing)
    `Admin`    topics, their ends, and what is deleted of their beginnings

Topics are logs: offsets grow, with gaps (ends of transactions, what was aborted, what was compacted away), so nothing may count by
subtracting them. Each object belongs to one thread, but `Sender.send`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from collector.errors import LogboomError, StorageError

Headers = Sequence[tuple[str, bytes]]


class Place(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class Message(NamedTuple):
    """A record that was read. `value` None deletes its key where the topic is compacted."""

    place: Place
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    unix_ms: int = 0


class AtEnd(NamedTuple):
    """There is nothing more to read of a place now; the next record will not stand before `offset`."""

    place: Place
    offset: int


class NewRecord(NamedTuple):
    """A record that is to be put."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def size_bytes(self) -> int:
        """About what it takes in a request."""
        return len(self.key or b"") + len(self.value or b"") + sum(len(k) + len(v) for k, v in self.headers) + 96


class Refused(LogboomError):
    """The cluster did not take something, and nothing of it will ever be seen. `permanent`: nor will it take the same again."""

    def __init__(self, said: str, *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(said)


class Unresolved(StorageError):
    """Nobody knows whether a commit happened: its writer must be thrown away, and whoever claims next reads what is true."""


class Fenced(StorageError):
    """Another owner has claimed what this writer wrote: nothing of it counts any more."""


class Unreachable(LogboomError):
    """No broker answered in time; the same may be asked again."""


class OutOfRange(LogboomError):
    """The place asked for is gone: retention or a deletion ate what stood there. `begins`: where there is something now."""

    def __init__(self, place: Place, asked: int, begins: int) -> None:
        self.place, self.asked, self.begins = place, asked, begins
        super().__init__(f"{place.topic}/{place.partition} begins at {begins}; {asked} is gone")


Done = Callable[[Refused | None, int], None]
"""Told once how a record ended: (why not, -1) or (None, its offset)."""


class Sender(Protocol):
    """Puts records. From any thread; `done` is called from the sender's own."""

    def send(self, record: NewRecord, done: Done) -> None:
        """Put one. Never waits: when there is no room for what waits, `done` is told so at once. A record that was refused for time may
        still stand in the log: whoever sends it again must be able to tell."""
        ...

    @property
    def waiting_bytes(self) -> int:
        """Of records whose `done` was not called yet."""
        ...

    def close(self, deadline_secs: float) -> bool:
        """Wait for what is under way; safe twice. False: some of it did not end in time (its `done` was told a refusal)."""
        ...


class Writer(Protocol):
    """What the owner of a number writes, in transactions under one name."""

    def claim(self, deadline_secs: float) -> None:
        """Be the owner: whoever claimed before can commit nothing more, and what it left open is ended. When this returns, the ends of all
        topics that predecessors wrote to agree with what they committed.

        Raises:
            Unreachable: not now.
            StorageError: never, with these rights or this cluster.
        """
        ...

    def commit(self, records: Sequence[NewRecord], deadline_secs: float) -> Mapping[Place, int]:
        """Put all of them, or none; for each place, the offset behind its last one.

        Raises:
            Refused: nothing of it was put, and the same may be given again (unless `permanent`).
            Fenced: nothing of it was put; there is another owner.
            Unresolved: see there.
        """
        ...

    def close(self) -> None:
        """Let go, at once; what is open ends by itself. Safe twice."""
        ...


class Reader(Protocol):
    """Gives committed records of the places it was told, those of each place in their order."""

    def follow(self, places: Mapping[Place, int]) -> None:
        """From now on these as well, each from that offset on; one that is followed already moves there."""
        ...

    def leave(self, places: Sequence[Place]) -> None:
        """These not any more; nothing of them comes after the call."""
        ...

    def pause(self, places: Sequence[Place]) -> None:
        """Nothing of these, until `resume`; what was fetched is not lost."""
        ...

    def resume(self, places: Sequence[Place]) -> None: ...

    def read(self, most: int, secs: float) -> Sequence[Message | AtEnd]:
        """What there is; waits so long for the first. `AtEnd` comes each time when a place's end is reached.

        Raises:
            OutOfRange: of one place; the others go on.
            Unreachable: for longer than the client bears by itself.
            StorageError: never: the topic is gone or another one, or the rights are missing.
        """
        ...

    def wake(self) -> None:
        """End a waiting `read`; from any thread."""
        ...

    def close(self) -> None:
        """Safe twice."""
        ...


class Changes(NamedTuple):
    """What a member got and lost since it asked last."""

    gained: Sequence[int] = ()
    lost: Sequence[int] = ()
    gone: Sequence[int] = ()
    """Lost without being asked (the session ended): others may have them already. A part of `lost`."""


class Group(Protocol):
    """A member of a group that shares out numbers. Its heartbeats go on by themselves, if `changes` is called often enough."""

    def changes(self) -> Changes:
        """Call it at least each second. What is lost stays this member's until `released`, if it is not `gone`."""
        ...

    def released(self, numbers: Sequence[int]) -> None:
        """Lost ones that are put down now: others may take them."""
        ...

    def share_out(self) -> None:
        """Ask that numbers be shared out anew: one of them seems to be nobody's. Members keep what they have, as far as it is fair. From
        any thread."""
        ...

    def note(self, positions: Mapping[Place, int]) -> None:
        """How far this member has come: for people's tools, which read a group's offsets. Some may be lost, and none is read back. From any
        thread."""
        ...

    @property
    def last_contact(self) -> float:
        """Monotonic seconds of the coordinator's last sign of life."""
        ...

    def close(self) -> None:
        """Leave (a static member keeps its numbers until its session ends, or it is back); safe twice."""
        ...


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it must be. `config`: Kafka's names."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is. `id`: of this topic, and of none that is made later under its name."""

    name: str
    id: str
    partitions: int
    replication: int
    config: Mapping[str, str]


class Admin(Protocol):
    """Asks and changes what is no record. Calls take seconds at most, then `Unreachable`; never in a step's way."""

    def cluster_id(self) -> str: ...

    def topics(self, names: Sequence[str]) -> Mapping[str, TopicState]:
        """Those of the names that there are."""
        ...

    def create(self, topics: Sequence[TopicSpec], replication: int) -> None:
        """Make them; one that somebody else has just made is fine. Raises `StorageError`: refused, with the brokers' reason."""
        ...

    def bounds(self, places: Sequence[Place]) -> Mapping[Place, tuple[int, int]]:
        """The first offset, and that behind the last committed record (the last stable one)."""
        ...

    def delete_before(self, places: Mapping[Place, int]) -> None:
        """What stands before these offsets is needed no more."""
        ...

    def delete(self, topics: Sequence[str]) -> None:
        """They are needed no more; one that is gone already is fine."""
        ...

    def close(self) -> None: ...


class Wire(Protocol):
    """Makes them. All ask the same cluster, under the same prefix."""

    def sender(self, name: str) -> Sender: ...
    def writer(self, number: int | str) -> Writer:
        """Of transactional id `<prefix>-p<number>`; of a name, where it is nobody's number: `<prefix>-<name>`."""
        ...

    def reader(self, name: str, *, prompt: bool = False) -> Reader:
        """`prompt`: ends are told at once, and brokers asked so much more often: for whoever reads to an end and goes."""
        ...

    def group(self, member: str, topic: str) -> Group:
        """Of group `<prefix>`: the numbers are the partitions of `topic`. `member`: who it is, also after a restart."""
        ...

    def admin(self) -> Admin: ...
