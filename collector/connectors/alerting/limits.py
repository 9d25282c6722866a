"""How many first messages an exporter gets in a window; of those beyond it is told how many there are, at the window's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgpack

from collector.component import State

PREFIX = "l/"
_MOST_HELD = 1000


@dataclass(slots=True)
class Window:
    """Of one exporter and domain. `held`: groups that were kept back, with their labels; `ends` in ns."""

    ends: int = 0
    sent: int = 0
    held: dict[str, Mapping[str, str]] = field(default_factory=dict)
    beyond: int = 0

    @property
    def kept_back(self) -> int:
        """How many groups."""
        return len(self.held) + self.beyond


class Limits:
    """Those of a configuration; `window` in ns."""

    def __init__(self, groups: int, window: int) -> None:
        self._groups = groups
        self._window = window

    def admits(self, state: State, exporter: str, group: str, labels: Mapping[str, str], now: int) -> tuple[bool, int]:
        """Whether a first message may go now; if not, when the rest is told."""
        window = self.window(state, exporter)
        if window.ends <= now and not window.kept_back:  # else it is about to be told
            window = Window(now + self._window)
        if window.sent < self._groups:
            window.sent += 1
        elif len(window.held) < _MOST_HELD:
            window.held[group] = labels
        elif group not in window.held:
            window.beyond += 1
        self._keep(state, exporter, window)
        return group not in window.held and not window.beyond, window.ends

    def window(self, state: State, exporter: str) -> Window:
        """The one that goes on."""
        found = state.get(_name(exporter))
        return Window() if found is None else Window(*msgpack.unpackb(found))

    @staticmethod
    def close(state: State, exporter: str) -> None:
        """It is over, and told."""
        state.delete(_name(exporter))

    @staticmethod
    def _keep(state: State, exporter: str, window: Window) -> None:
        state.put(_name(exporter), msgpack.packb([window.ends, window.sent, window.held, window.beyond]))


def _name(exporter: str) -> bytes:
    return (PREFIX + exporter).encode()


def labels_of(window: Window, most: int) -> Sequence[Mapping[str, str]]:
    """Some of the groups that were kept back."""
    return list(window.held.values())[:most]
