"""What a look found, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from collector.settings import Settings


class Severity(StrEnum):
    """How much it matters: a `problem` makes the exit code 1."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer.

    Args:
        check: what was looked at, a word or two.
        said: what is so.
        cure: what to do; empty where nothing is.
    """

    severity: Severity
    check: str
    said: str
    cure: str = ""


def ok(check: str, said: str) -> Finding:
    """All is well there."""
    return Finding(Severity.OK, check, said)


def note(check: str, said: str, cure: str) -> Finding:
    """It works, and may not for ever."""
    return Finding(Severity.NOTE, check, said, cure)


def problem(check: str, said: str, cure: str) -> Finding:
    """Something does not work, or will not at the next start."""
    return Finding(Severity.PROBLEM, check, said, cure)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined.

    Args:
        running: the process that has the data directory; empty: none.
        thorough: read everything that is kept, too.
    """

    settings: Settings
    root: Path
    running: str = ""
    thorough: bool = True


Look = Callable[[Patient], Iterator[Finding]]
"""Yields at least one finding; one that can't look says why."""
