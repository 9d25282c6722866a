"""A sign of life: a message each so often, through everything that a message goes through. Who waits for it knows when it stops that nobody would be told
of anything. It begins with the first record of its domain, and goes on for ever: its times are state."""

from __future__ import annotations

import hashlib

from collector.batch import LogBatch
from collector.component import Due, Work
from collector.connectors.alerting.config import HeartbeatConfig
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.routes import NANOS
from collector.notices import Notice

PREFIX = "h/"
_NAME = f"{PREFIX}beat"
_STATE = b"h"
_MS = 1_000_000


class Heartbeat:
    """Of one configuration; None: there is none."""

    def __init__(self, config: HeartbeatConfig | None) -> None:
        self._config = config
        self._begun = config is None

    def begin(self, batch: LogBatch, work: Work) -> None:
        """At the first record of its domain that this process sees: it is due, if it is not already."""
        if self._begun or self._config is None or not (batch.column("domain") == self._config.domain).any():
            return
        state = work.state(self._config.domain)
        if state.get(_STATE) is not None:
            self._begun = True  # not before: a step that fails never happened
            return
        state.put(_STATE, b"1")
        work.wake(self._config.domain, _NAME, work.now_unix_nano)

    def beat(self, due: Due, work: Work) -> list[Notice]:
        """One message for each exporter, and the time of the next; what was late is not made up for."""
        if self._config is None or due.domain != self._config.domain:
            work.state(due.domain).delete(_STATE)
            return []
        every = round(self._config.every * NANOS)
        work.wake(
            due.domain, _NAME, max(due.at_unix_nano + every, work.now_unix_nano - work.now_unix_nano % every + every)
        )
        return [self._notice(exporter, due, work.now_unix_nano) for exporter in self._config.notify]

    @staticmethod
    def _notice(exporter: str, due: Due, now: int) -> Notice:
        group = hashlib.sha256(f"heartbeat\0{exporter}".encode()).hexdigest()[:32]
        return Notice(
            group, exporter, now // _MS, "", "heartbeat", str(Reason.HEARTBEAT), "info", now, 0, {"domain": due.domain}, [],
            f"logboom is alive: alerts of {due.domain} are told",
        )  # fmt: skip
