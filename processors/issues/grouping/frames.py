"""What a stack trace says: the exception at the root of its chain, and the frames from there outwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Frame(NamedTuple):
    """A call, as far as grouping needs it.

    Args:
        function: with what varies (numbers of lambdas, proxies) taken out; empty: not known.
        place: module, class or file, likewise.
        in_app: the program's own code; else of a runtime or library.
        mangled: of a minified bundle: neither function nor place mean anything beyond one build.
    """

    function: str
    place: str
    in_app: bool = True
    mangled: bool = False

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.function} ({self.place})" if self.function and self.place else self.function or self.place


class Trace(NamedTuple):
    """One of them.

    Args:
        language: which reader knew it.
        type: of the exception at the root; empty: none is named.
        message: of that exception.
        frames: innermost first, those of the exceptions around it behind.
        wrappers: types of the exceptions around it, the nearest first.
        says_more: the message tells faults of the same place apart (a panic has one type for all).
    """

    language: str
    type: str
    message: str
    frames: Sequence[Frame]
    wrappers: Sequence[str] = ()
    says_more: bool = False


def collapsed(frames: Sequence[Frame]) -> list[Frame]:
    """Without repetitions: a recursion is one frame, or one round of frames, however deep it went."""
    out: list[Frame] = []
    for frame in frames:
        out.append(frame)
        for width in (1, 2, 3):
            if len(out) >= 2 * width and out[-width:] == out[-2 * width : -width]:
                del out[-width:]
                break
    return out
