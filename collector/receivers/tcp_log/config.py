"""The options of the `tcp_log` receiver: the Collector's names and defaults."""

from __future__ import annotations

from collector.ingress.text_input import TcpInput, listens_on, open_to_others
from collector.stanza.options import StepsConfig


class TcpLogConfig(TcpInput, StepsConfig):
    """A listener, and what is done to its records."""

    allow_anonymous: bool = False
    """Anybody who reaches a non-loopback address may send, and that needs no warning; never with several domains."""

    def open_to_others(self) -> dict[str, str]:
        """Option → address, where other machines reach the listener and it does not ask who sends."""
        return {"listen_address": self.listen_address} if open_to_others(self) else {}

    def listens_on(self) -> list[str]:
        """The address."""
        return listens_on(self)
