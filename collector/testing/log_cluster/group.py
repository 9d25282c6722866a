"""The simulated `Group`: a static member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from collector.kafka.wire import Changes, Place

if TYPE_CHECKING:
    from collector.testing.log_cluster.coordinator import Coordinator, Member


class SimulatedGroup:
    """See `collector.kafka.wire.Group`."""

    def __init__(self, coordinator: Coordinator, member: str) -> None:
        self._coordinator = coordinator
        self._cluster = coordinator.cluster
        self._name = member
        self._member: Member | None = None
        self._has: set[int] = set()
        self._leaving: set[int] = set()
        self._contact = self._cluster.now
        self._closed = False

    def changes(self) -> Changes:
        """See `Group.changes`."""
        with self._cluster.changed:
            self._pass()
            if self._closed or self._superseded:
                return self._gone()
            if self._cluster.paused:
                return (
                    self._gone() if self._cluster.now - self.last_contact >= self._cluster.session_secs else Changes()
                )
            if self._member is not None and self._coordinator.members.get(self._name) is not self._member:
                self._member = None
                return self._gone()
            if self._member is None:
                self._member = self._coordinator.join(self._name, self)
            return self._heard(self._member)

    def _pass(self) -> None:
        if self._cluster.real_time:
            self._coordinator.beat()

    @property
    def _superseded(self) -> bool:
        """Another has come under the same name: this is the one of a process before."""
        return self._member is not None and self._member.session is not self

    def _heard(self, member: Member) -> Changes:
        member.last_contact = self._contact = self._cluster.now
        member.stopped = False
        self._coordinator.share_out()
        gained = tuple(sorted(member.holds - member.asked - self._has))
        lost = tuple(sorted((member.asked & self._has) - self._leaving))
        member.holds -= member.asked - self._has  # it never knew of them
        member.asked &= member.holds
        self._has.update(gained)
        self._leaving.update(lost)
        return Changes(gained, lost)

    def _gone(self) -> Changes:
        gone = tuple(sorted(self._has))
        self._has.clear()
        self._leaving.clear()
        if self._member is not None and not self._superseded and self._cluster.paused:
            self._member = None
        return Changes((), gone, gone)

    def share_out(self) -> None:
        """See `Group.share_out`; each look of a member does it here."""

    def note(self, positions: Mapping[Place, int]) -> None:
        """See `Group.note`."""
        with self._cluster.changed:
            self._coordinator.noted.update(positions)

    def released(self, numbers: Sequence[int]) -> None:
        """See `Group.released`."""
        with self._cluster.changed:
            mine = self._leaving.intersection(numbers)
            self._leaving -= mine
            self._has -= mine
            if self._member is not None and not self._superseded:
                self._member.holds -= mine
                self._member.asked -= mine
                self._coordinator.share_out()

    @property
    def last_contact(self) -> float:
        """See `Group.last_contact`; on the cluster's clock."""
        self._pass()
        if self._member is not None and not self._superseded and not self._member.stopped:
            self._contact = max(self._contact, self._member.last_contact)
        return self._contact

    def close(self) -> None:
        """See `Group.close`."""
        with self._cluster.changed:
            if not self._closed and self._member is not None and not self._superseded:
                self._member.stopped = True
            self._closed = True
