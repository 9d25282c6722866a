"""Did strangers use up what a listener bounds? What health says while honest senders are still served."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

_TOLD_SECS = 60.0
_WORDS = {
    "connections_cut": "all connections are in use, silent ones are closed",
    "bodies_cut": "too much of unfinished bodies, their senders are told to come again",
    "unfinished_cut": "too much of messages whose end has not come, who holds the most is cut off",
    "datagrams_cut": "datagrams are dropped, the journal takes none or not as fast as they come",
    "datagrams_cut_by_kernel": "datagrams are dropped by the kernel, whose buffer of the socket is full",
    "calls_cut": "too many calls without their message, they are told to come again",
}


class Crowding:
    """Looks at the gauges of the listeners again and again; a bound that was met is told for a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], int] = {}
        self._met_at: dict[tuple[str, str], float] = {}

    def look(self, gauges: Mapping[str, Mapping[str, int]]) -> list[str]:
        """Sentences, such as `http: all connections are in use, silent ones are closed`."""
        now = self._clock()
        for protocol, values in gauges.items():
            for name in _WORDS.keys() & values.keys():
                if values[name] > self._seen.get((protocol, name), 0):
                    self._met_at[protocol, name] = now
                self._seen[protocol, name] = values[name]
        return sorted(f"{key[0]}: {_WORDS[key[1]]}" for key, at in self._met_at.items() if now - at < _TOLD_SECS)
