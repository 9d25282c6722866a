"""Who of a group's members has which number: static members, cooperative and sticky."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.kafka.wire import Place

if TYPE_CHECKING:
    from collector.testing.log_cluster.cluster import LogCluster
    from collector.testing.log_cluster.group import SimulatedGroup


@dataclass(slots=True, eq=False)
class Member:
    """`holds`: its numbers. `asked`: those of them that it is to put down. `stopped`: nothing is heard of it."""

    name: str
    session: SimulatedGroup
    last_contact: float
    holds: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    stopped: bool = False


class Coordinator:
    """The broker's side of a group."""

    def __init__(self, cluster: LogCluster, topic: str) -> None:
        self.cluster = cluster
        self.topic = topic
        self.members: dict[str, Member] = {}
        self.noted: dict[Place, int] = {}

    def join(self, name: str, session: SimulatedGroup) -> Member:
        """A member comes, or comes back: what it holds stays its own."""
        member = self.members.get(name)
        if member is None:
            member = self.members[name] = Member(name, session, self.cluster.now)
        member.session, member.last_contact, member.stopped = session, self.cluster.now, False
        return member

    def beat(self) -> None:
        """Time has passed: members that live were heard of meanwhile, unless no broker answers; the others are given up in the end."""
        now = self.cluster.now
        for member in list(self.members.values()):
            if not member.stopped and not self.cluster.paused:
                member.last_contact = now
            elif now - member.last_contact >= self.cluster.session_secs:
                del self.members[member.name]

    def stop(self, name: str, stopped: bool) -> None:
        """See `LogCluster.stop`."""
        if name in self.members:
            self.members[name].stopped = stopped

    def share_out(self) -> None:
        """Nobody has more than its share of the numbers, or is asked to put it down; what is free goes to who has least."""
        topic = self.cluster.topics.get(self.topic)
        if topic is None or not self.members:
            return
        for member, share in self._shares(topic.state.partitions):
            keeps = sorted(member.holds - member.asked)
            member.asked.update(keeps[share:])
        held = {number for member in self.members.values() for number in member.holds}
        for number in sorted(set(range(topic.state.partitions)) - held):
            least = min(self.members.values(), key=lambda each: (len(each.holds - each.asked), each.name))
            least.holds.add(number)

    def _shares(self, numbers: int) -> list[tuple[Member, int]]:
        most_first = sorted(self.members.values(), key=lambda each: (-len(each.holds - each.asked), each.name))
        each, over = divmod(numbers, len(most_first))
        return [(member, each + (place < over)) for place, member in enumerate(most_first)]
