"""What is said to a server, and in which order: each message has only what has changed since the server was last told, unless it asks for all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from otlp_wire.opamp import AgentReport, Capability, Components, ServerMessage, agent_message

_NOTHING = AgentReport()


class Session:
    """One agent's conversation. Not thread-safe.

    Args:
        uid: the id of the instance, 16 bytes.
        can: what the agent does.
        now: how things stand.
        clock: nanoseconds since the epoch.
    """

    def __init__(
        self, uid: bytes, can: Capability, now: Callable[[], AgentReport], clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.uid = uid
        self._can = can
        self._now = now
        self._clock = clock
        self._told = _NOTHING
        self._number = 0
        self._all_components = False

    def connected(self) -> None:
        """The server may have forgotten us: it is told everything."""
        self._told = _NOTHING

    def news(self) -> bytes | None:
        """The next message, if there is something to say."""
        changed = _changed(self._now(), self._told)
        return None if changed == _NOTHING and not self._all_components else self._message()

    def next(self) -> bytes:
        """The next message, though there may be nothing to say: a heartbeat, or a poll."""
        return self._message()

    def farewell(self) -> bytes:
        """The last message."""
        return self._numbered(replace(_NOTHING, leaves=True))

    def heard(self, message: ServerMessage) -> None:
        """Takes in what a server says of the conversation itself."""
        if message.full:
            self._told = _NOTHING
        if message.all_components:
            self._all_components = True
        if len(message.new_uid) == len(self.uid):
            self.uid = message.new_uid
            self._told = _NOTHING

    def _message(self) -> bytes:
        now = self._now()
        report = _changed(now, self._told)
        if self._all_components and now.components is not None:
            report = replace(report, components=now.components)
        self._told, self._all_components = now, False
        return self._numbered(report)

    def _numbered(self, report: AgentReport) -> bytes:
        number, self._number = self._number, self._number + 1
        return agent_message(self.uid, number, self._can, report, self._clock())


def _changed(now: AgentReport, told: AgentReport) -> AgentReport:
    """What the server has not been told. Of components it is told the hash until it asks for them."""
    described = (now.identifying, now.others) == (told.identifying, told.others)
    return AgentReport(
        identifying=None if described else now.identifying,
        others={} if described else now.others,
        health=None if now.health == told.health else now.health,
        effective=None if now.effective == told.effective else now.effective,
        remote=None if now.remote == told.remote else now.remote,
        components=None
        if now.components == told.components or now.components is None
        else Components(now.components.hash),
    )
