"""What listeners are called where those of all receivers are told of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

Told = TypeVar("Told")


def by_name(of_receivers: Mapping[str, Mapping[str, Told]]) -> dict[str, Told]:
    """Receiver → protocol → what is told, as name → the same: the protocol (`grpc`), and with the receiver in front of it (`tcp_log tcp`)
    where several receivers have one."""
    spoken = Counter(protocol for told in of_receivers.values() for protocol in told)
    return {
        protocol if spoken[protocol] == 1 else f"{receiver} {protocol}": each
        for receiver, told in of_receivers.items()
        for protocol, each in told.items()
    }
