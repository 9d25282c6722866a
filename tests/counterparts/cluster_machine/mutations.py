"""Faults that somebody might make in the cluster's code, planted one by one: the machine must find each."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from collector.cluster import changelog, follower, restoring, window
from collector.cluster.changelog import Changelog, Mark
from collector.disk.changes import Publishing
from collector.disk.environment import Environment
from collector.errors import Lost, StorageError
from collector.kafka.wire import Fenced, Message, NewRecord, Place, Unresolved
from collector.ledger import cursors
from collector.ledger.digests import DedupWindow
from collector.ledger.dispatch import Dispatch


def _instead(where: Any, name: str, made: Callable[[Any], Any]) -> AbstractContextManager[Any]:
    """`where.name` is what is made of it."""
    return mock.patch.object(where, name, made(getattr(where, name)))


def cursor_beside_the_transaction() -> AbstractContextManager[Any]:
    """Cursors are kept on the local disk alone."""

    def made(real: Any) -> Any:
        return lambda places, changes: real(places, {at: value for at, value in changes.items() if at[0] != "cursors"})

    return _instead(changelog, "records", made)


@contextmanager
def disk_before_the_log() -> Iterator[None]:
    """LMDB commits, and then the log is told."""
    waiting: list[tuple[Publishing, Any]] = []
    real_write = Environment.write

    def end(self: Publishing, txn: Any, recorded: Any) -> None:
        del txn
        waiting.append((self, recorded))

    @contextmanager
    def write(self: Environment) -> Iterator[Any]:
        with real_write(self) as txn:
            yield txn
        while waiting:
            publishing, recorded = waiting.pop()
            if recorded.changes:
                publishing.log.publish(recorded.changes)

    with mock.patch.object(Publishing, "end", end), mock.patch.object(Environment, "write", write):
        yield


def restoring_stops_one_record_early() -> AbstractContextManager[Any]:
    """The last record before the end is not read."""

    def made(real: Any) -> Any:
        def some(self: Any, reader: Any, left: set[Place]) -> list[Message]:
            found: list[Message] = real(self, reader, left)
            return found if left else found[:-1]

        return some

    return _instead(restoring._Reading, "_some", made)


def fence_is_ignored() -> AbstractContextManager[Any]:
    """Whoever was shut out goes on, on its own disk."""

    def made(real: Any) -> Any:
        def commit(self: Any, put: Sequence[NewRecord]) -> Mapping[Place, int]:
            try:
                done: Mapping[Place, int] = real(self, put)
            except Lost as lost:
                if isinstance(lost.__cause__, Fenced):
                    return {}
                raise
            return done

        return commit

    return _instead(Changelog, "_commit", made)


def outbox_is_trimmed_one_too_far() -> AbstractContextManager[Any]:
    """The oldest content that somebody waits for goes, too."""

    def made(real: Any) -> Any:
        def trim(self: Changelog, admin: Any) -> int:
            floor: int = real(self, admin)
            admin.delete_before({self.places.outbox: floor + 2})  # a marker stands between
            return floor + 2

        return trim

    return _instead(Changelog, "trim", made)


def intake_is_trimmed_one_too_far() -> AbstractContextManager[Any]:
    """One entry that a pipeline has not read, or that an outbox refers to, goes, too."""

    def made(real: Any) -> Any:
        return lambda *arguments: real(*arguments) + 1

    return _instead(cursors, "floor", made)


def resent_is_not_known() -> AbstractContextManager[Any]:
    """What is sent again is taken again."""
    return mock.patch.object(DedupWindow, "split", lambda _, entries: (list(entries), []))


@contextmanager
def acknowledged_on_the_disk_alone() -> Iterator[None]:
    """The log is not told what destinations took: a successor sends it again, and a zombie's word counts."""
    real = Dispatch.ack

    def ack(self: Dispatch, exporter: str, acks: Any) -> None:
        publishing = self._store.environment._publishing
        self._store.environment._publishing = None
        try:
            real(self, exporter, acks)
        finally:
            self._store.environment._publishing = publishing

    with mock.patch.object(Dispatch, "ack", ack):
        yield


def unresolved_is_tried_again() -> AbstractContextManager[Any]:
    """A commit of which nobody knows whether it happened is given to the same writer again."""

    def made(real: Any) -> Any:
        def commit(self: Any, put: Sequence[NewRecord]) -> Mapping[Place, int]:
            while True:
                try:
                    done: Mapping[Place, int] = real(self, put)
                except Lost as lost:
                    if isinstance(lost.__cause__, Unresolved) and "no broker" not in str(lost):
                        continue
                    raise
                return done

        return commit

    return _instead(Changelog, "_commit", made)


def unresolved_counts_as_done() -> AbstractContextManager[Any]:
    """A commit of which nobody knows is taken for one that happened."""

    def made(real: Any) -> Any:
        def commit(self: Any, put: Sequence[NewRecord]) -> Mapping[Place, int]:
            with contextlib.suppress(Lost):
                done: Mapping[Place, int] = real(self, put)
                return done
            return {}

        return commit

    return _instead(Changelog, "_commit", made)


def read_before_it_is_claimed() -> AbstractContextManager[Any]:
    """The log is read to its end while a predecessor may still write."""
    from collector.testing.log_cluster.writer import SimulatedWriter

    real_claim, real_restore = SimulatedWriter.claim, restoring.Restoring._restore
    waiting: list[Any] = []

    def claim(self: Any, deadline_secs: float) -> None:
        waiting.append((self, deadline_secs))

    def restore(self: Any, *arguments: Any) -> None:
        real_restore(self, *arguments)
        writer, deadline_secs = waiting.pop()
        real_claim(writer, deadline_secs)

    stack = contextlib.ExitStack()
    stack.enter_context(mock.patch.object(SimulatedWriter, "claim", claim))
    stack.enter_context(mock.patch.object(restoring.Restoring, "_restore", restore))
    return stack


def floor_one_too_high() -> AbstractContextManager[Any]:
    """A pipeline believes to have passed one entry more than it has."""

    def made(real: Any) -> Any:
        def behind(self: Any, through: Mapping[str, int]) -> int:
            floor: int = real(self, through)
            return floor + 1

        return behind

    return _instead(window.Held, "floor_behind", made)


def mark_ahead_of_the_copy() -> AbstractContextManager[Any]:
    """The copy says that it has a little more than it has."""

    def made(real: Any) -> Any:
        def packed(self: Mark) -> bytes:
            text: bytes = real(self._replace(offsets={place: offset + 6 for place, offset in self.offsets.items()}))
            return text

        return packed

    return _instead(Mark, "packed", made)


def old_copies_are_used() -> AbstractContextManager[Any]:
    """A copy goes on although the log has forgotten which rows were deleted."""
    return mock.patch.object(restoring, "too_old", return_value=False)


def deletions_are_not_told() -> AbstractContextManager[Any]:
    """A row that is deleted stays in the log."""

    def made(real: Any) -> Any:
        return lambda places, changes: [each for each in real(places, changes) if each.value is not None]

    return _instead(changelog, "records", made)


def contents_without_headers_stay() -> AbstractContextManager[Any]:
    """What nobody waits for is restored, too."""
    return mock.patch.object(follower.Follower, "sweep", return_value=0)


FOUND_BY = (AssertionError, StorageError, struct.error)
"""What the machine says of what it finds: what is not true in the end, or a ledger that can't go on."""

MUTATIONS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    made.__name__: made
    for made in (
        cursor_beside_the_transaction, disk_before_the_log, restoring_stops_one_record_early, fence_is_ignored,
        outbox_is_trimmed_one_too_far, intake_is_trimmed_one_too_far, resent_is_not_known, acknowledged_on_the_disk_alone, unresolved_is_tried_again,
        unresolved_counts_as_done, read_before_it_is_claimed, floor_one_too_high, mark_ahead_of_the_copy, old_copies_are_used,
        deletions_are_not_told, contents_without_headers_stay,
    )
}  # fmt: skip
