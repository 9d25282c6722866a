"""What is due without records: components are called at the times that they asked for, each once, in a step of its own.

Due times are state of the ledger, so a kill repeats a tick or it is done. A component that raises is tried again later and
later, the others go on; one that kills the worker three times, alone in the process, is passed over (as `suspects` does with
entries), for it would be due again at each start.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from collector.component import Due
from collector.errors import StorageError
from collector.ledger.interface import Ledger, Read
from collector.ledger.marker import STRIKES, Marker, Name
from collector.pipeline.flow import Flow
from collector.pipeline.processed import Attempt, Processed, StageFailed
from collector.pipeline.state import Changes

_AT_ONCE = 200
_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 60.0
_HORIZON_NANOS = 366 * 24 * 3600 * 10**9
_log = logging.getLogger(__name__)


class Ticks:
    """Those of one pipeline in one partition. One thread uses it.

    Args:
        partition: its directory, where attempts are noted.
    """

    def __init__(self, pipeline: str, partition: Path, ledger: Ledger, flow: Flow) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._flow = flow
        path = (
            partition / "attempts" / f"{quote(pipeline, safe='')}%ticks"
        )  # no pipeline's own file: none has such a name
        self._marker = Marker(path, ledger.applied(pipeline).hex()) if flow.ticking else None
        self._attempt = Attempt()
        self.next_unix_nano: int | None = None
        """When the next of them is due, as of the last attempt; None: none is before a commit."""
        self._put_off: dict[Due, tuple[int, float]] = {}
        """How often in a row it failed, and the monotonic time before which it is not tried again."""

    @property
    def suspicious(self) -> bool:
        """Whether one was under way at a death: the next is tried alone in the process."""
        return self._marker is not None and bool(self._marker.suspects)

    @property
    def again_at(self) -> float:
        """Monotonic seconds at which the first of what failed is tried again."""
        return min((at for _, at in self._put_off.values()), default=math.inf)

    def attempt(self, now_unix_nano: int) -> tuple[Read, Processed] | None:
        """Call for what is due; what that would commit. None: nothing is, or it has no room or no luck now."""
        if self._marker is None:
            return None
        limit = _AT_ONCE + len(self._put_off)
        found = self._ledger.due(self._pipeline, self._flow.ticking, now_unix_nano, limit)
        self.next_unix_nano = self._ledger.next_due(self._flow.ticking, now_unix_nano)
        due = [each for each in found if self._put_off.get(each, (0, 0.0))[1] <= time.monotonic()][:_AT_ONCE]
        self._put_off = {each: failures for each, failures in self._put_off.items() if each in found}
        suspects = [each for each in due if self._marker.known([_name(each)])[0]]
        if self.suspicious:  # what is not due any more is no danger
            self._marker.forget(lambda span: not any(span.holds(_name(each)) for each in found))
        read = Read(())
        draft = self._suspected(read, suspects[0]) if suspects else self._all(read, due)
        return (read, draft) if draft.ran else None

    def last(self, now_unix_nano: int) -> tuple[Read, Processed] | None:
        """Call those for whom a stop is such a time (`AtStop`), whenever they are due. None: there is nothing, or no room."""
        names = self._flow.chain.due_at_stop
        if self._marker is None or not names or self.suspicious:
            return None
        later = self._ledger.due(self._pipeline, names, now_unix_nano + _HORIZON_NANOS, _AT_ONCE)
        read = Read(())
        draft = self._all(read, [each._replace(at_unix_nano=min(each.at_unix_nano, now_unix_nano)) for each in later])
        return (read, draft) if draft.ran else None

    def done(self, draft: Processed) -> None:
        """What ran is on disk."""
        if self._marker is not None:
            ran = [_name(each) for each in draft.ran]
            self._marker.clear(lambda span: any(span.holds(name) for name in ran))

    def rest(self) -> None:
        """Nothing is under way any more, and nothing was done."""
        if self._marker is not None:
            self._marker.release()

    def close(self) -> None:
        """An orderly stop."""
        if self._marker is not None:
            self._marker.close()

    def _all(self, read: Read, due: Sequence[Due]) -> Processed:
        if due:
            self._hold(read, due, alone=False)
            self._attempt = Attempt(at=self._at)
        return self._draft(due, {})

    def _suspected(self, read: Read, due: Due) -> Processed:
        assert self._marker is not None
        if self._marker.known([_name(due)])[1] >= STRIKES:
            _log.error(
                "pipeline %s: %s killed the worker %d times and is passed over", self._pipeline, _told(due), STRIKES
            )
            return Processed(ran=[due])
        self._hold(read, [due], alone=True)
        struck = {owner: f"poison: {component}" for owner, component in self._marker.struck(_name(due)).items()}
        self._attempt = Attempt(at=self._at, struck=struck)
        return self._draft([due], {})

    def _hold(self, read: Read, due: Sequence[Due], *, alone: bool) -> None:
        assert self._marker is not None
        self._marker.hold([_name(each) for each in due], alone=alone, token=read.id.hex())

    def _at(self, owner: str, component: str) -> None:
        assert self._marker is not None
        self._marker.at(owner, component)

    def _draft(self, due: Sequence[Due], changes: Changes) -> Processed:
        """Halve what fails down to the one to blame, which is put off."""
        if not due:
            return Processed(changes=changes)
        try:
            return self._flow.tick(due, changes, self._attempt)
        except StorageError:
            raise
        except (StageFailed, MemoryError, OSError) as error:
            if len(due) == 1:
                self._fail(due[0], error)
                return Processed(changes=changes)
        half = len(due) // 2
        first = self._draft(due[:half], changes)
        return first.then(self._draft(due[half:], first.changes))

    def _fail(self, due: Due, error: Exception) -> None:
        failures = self._put_off.get(due, (0, 0.0))[0]
        pause = min(_LONGEST_PAUSE_SECS, _PAUSE_SECS * 2**failures)
        self._put_off[due] = (failures + 1, time.monotonic() + pause)
        if self._marker is not None:  # it came to an end
            self._marker.acquit(_name(due))
        reason = error.reason if isinstance(error, StageFailed) else type(error).__name__
        _log.warning("pipeline %s: %s: %s; tried again in %.0f s", self._pipeline, _told(due), reason, pause)


def _name(due: Due) -> Name:
    return Name(due.component, f"{due.domain}\0{due.name}", due.at_unix_nano)


def _told(due: Due) -> str:
    return f"what {due.component} was to do at {due.at_unix_nano // 10**9} s ({due.name}, {due.domain})"
