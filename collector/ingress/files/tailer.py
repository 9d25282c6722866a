"""Follows files, as a loop without a thread of its own: `turn` looks, reads and hands over; answers come by `answered`.

    find ──► which file is it? ──► read a piece ──► hand over ──► on disk: go on behind it
                                                        └─ refused: wait, and read it again

Each arrow leads to a file of its own: [finding](finding.py), [origins](origins.py), [reading](reading.py), [handing](handing.py); what they
share is in [followed](followed.py), and [changes](changes.py) says what has become of a file. Of each file one piece is under way, so no
refusal is passed over. Nothing is kept but in the journal: a piece and the place behind it are one commit, and what is not there is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from collector.ingress.files.changes import Changes
from collector.ingress.files.finding import Finding
from collector.ingress.files.followed import Followed
from collector.ingress.files.handed import Hand, Handed, Heading
from collector.ingress.files.handing import Handing
from collector.ingress.files.known import Known
from collector.ingress.files.options import FilesConfig
from collector.ingress.files.origins import Origins
from collector.ingress.files.reading import FileReading
from collector.ingress.files.source import NOTHING, Fixed


class Tailer:
    """The files of one receiver.

    Args:
        positions: source → place, as the journal has them.
        fixed: what is set on all records.
        again: a file that was read to its end is read again.
        hand: takes what is to become durable; its end is told by `answered`.
        heading: reads headers, where files have them.
        now: monotonic seconds; `now_unix_nano` the time of day.
    """

    def __init__(
        self,
        config: FilesConfig,
        positions: Mapping[bytes, bytes],
        hand: Hand,
        heading: Heading | None = None,
        fixed: Fixed = NOTHING,
        again: bool = False,
        now: Callable[[], float] = time.monotonic,
        now_unix_nano: Callable[[], int] = time.time_ns,
    ) -> None:
        self._poll_secs = config.poll_interval
        self.followed = Followed(config, positions, now, now_unix_nano)
        changes = Changes(self.followed)
        self.finding = Finding(self.followed, changes)
        self.origins = Origins(self.followed, changes)
        self.handing = Handing(self.followed, hand)
        self.reading = FileReading(self.followed, changes, self.origins, self.handing, heading, fixed, again=again)

    @property
    def known(self) -> Known:
        """The files."""
        return self.followed.known

    @property
    def counts(self) -> Mapping[str, int]:
        """How many files there are, and what befell them."""
        return self.followed.counts

    @property
    def waits(self) -> bool:
        """Whether pieces are under way."""
        return self.handing.waits

    def answered(self, handed: Handed, retry_after_secs: float | None) -> None:
        """It is on disk (None), or nothing of it is: it is tried again after so long. From any thread."""
        self.handing.answered(handed, retry_after_secs)

    def turn(self) -> float:
        """Look, read and hand over what there is; seconds until there may be more to do."""
        now = self.followed.now()
        self.handing.take_answers(now)
        self.finding.look(now)
        if now < self.handing.rest_until:
            return min(self.handing.rest_until - now, self._poll_secs)
        busy = self.reading.round(now)
        self.handing.save(now)
        return 0.0 if busy else self._poll_secs

    def close(self) -> None:
        """Let go of all files."""
        for source in self.known:
            source.close()
