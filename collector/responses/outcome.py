"""What comes of an attempt to act."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """The target was acted on, or in a dry run could have been.

    Args:
        was, became: it before and after, in a few words.
        note: what else people should know.
    """

    was: str = ""
    became: str = ""
    note: str = ""


class NotDone(Exception):
    """It was not, and trying again makes it no better; the sentence says why. What is not known is said, too."""


class Again(Exception):
    """Nothing was done, or doing it again does nothing more: it is tried again as long as its time allows."""

    def __init__(self, reason: str, after_secs: float | None = None) -> None:
        super().__init__(reason)
        self.after_secs = after_secs
