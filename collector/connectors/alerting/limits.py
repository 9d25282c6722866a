"""How many first messages an exporter gets in a window; of those beyond it is told how many there are, at the window's end.

l/exporter               ends, sent, held, labels of the first that are held
m/exporter ␀ group       empty: the group is held in the window that goes on
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgpack

from collector.component import State

PREFIX = "l/"
_HELD = b"m/"
_MOST_LABELS = 100


@dataclass(slots=True)
class Window:
    """Of one exporter and domain. `held`: how many groups were kept back, with the labels of the first of them; `ends` in ns."""

    ends: int = 0
    sent: int = 0
    held: int = 0
    labels: list[Mapping[str, str]] = field(default_factory=list)


class Limits:
    """Those of a configuration; `window` in ns."""

    def __init__(self, groups: int, window: int) -> None:
        self._groups = groups
        self._window = window

    def admits(self, state: State, exporter: str, group: str, labels: Mapping[str, str], now: int) -> tuple[bool, int]:
        """Whether a first message may go now; if not, when the rest is told."""
        window, mark = self.window(state, exporter), _held(exporter, group)
        if window.ends <= now and not window.held:  # else it is about to be told
            window = Window(now + self._window)
        admitted = window.sent < self._groups
        if admitted:
            window.sent += 1
        elif state.get(mark) is None:
            state.put(mark, b"")
            window.held += 1
            window.labels = [*window.labels, labels][:_MOST_LABELS]
        else:
            return False, window.ends
        state.put(_name(exporter), msgpack.packb([window.ends, window.sent, window.held, window.labels]))
        return admitted, window.ends

    @staticmethod
    def window(state: State, exporter: str) -> Window:
        """The one that goes on."""
        found = state.get(_name(exporter))
        if found is None:
            return Window()
        ends, sent, held, labels = msgpack.unpackb(found)
        if isinstance(held, dict):  # as it was written until 0.1: group → labels, and how many more
            return Window(ends, sent, len(held) + labels, list(held.values())[:_MOST_LABELS])
        return Window(ends, sent, held, labels)

    @staticmethod
    def close(state: State, exporter: str) -> None:
        """It is over, and told."""
        for name, _ in state.scan(_held(exporter, "")):
            state.delete(name)
        state.delete(_name(exporter))


def _name(exporter: str) -> bytes:
    return (PREFIX + exporter).encode()


def _held(exporter: str, group: str) -> bytes:
    return _HELD + f"{exporter}\0{group}".encode()
