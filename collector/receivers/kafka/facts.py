"""What is known of a message beside what it holds: whose it is, its headers, its topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collector.receivers.kafka.messages import Headers

OURS = "logboom."
"""How headers begin that the exporter `kafka` writes for readers that leave out doubles: another one in each message."""


class MessageFacts(NamedTuple):
    """`RequestFacts` of messages that are alike in all of it, so that they may share a journal entry. `host` names the domain."""

    host: str
    topic: str
    partition: int
    headers: tuple[tuple[str, str], ...]
    resource: Headers

    def header(self, name: str) -> str | None:
        """The last value."""
        found = self.values(name)
        return found[-1] if found else None

    def values(self, name: str) -> Sequence[str]:
        """By a name in lower case; also `kafka.topic` and `kafka.partition`."""
        match name:
            case "kafka.topic":
                return (self.topic,)
            case "kafka.partition":
                return (str(self.partition),)
        return tuple(value for key, value in self.headers if key.lower() == name)

    def parameters(self, name: str) -> Sequence[str]:  # noqa: ARG002
        """None."""
        return ()

    def peer(self) -> str:
        """A broker is no sender."""
        return ""

    def certificate(self) -> None:
        """None."""
