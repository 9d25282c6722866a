"""Ask something of a logboom that runs: a command line, a request of `hooks`. Waits until it is on disk, or until it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.control import wire
from collector.control.record import ControlRecord
from collector.errors import LogboomError

MOST_WAIT_SECS = 10.0
_PATIENCE_SECS = 10.0


class NotRunning(LogboomError):
    """Nobody listens, or nobody answered: it may be asked again, with the same id."""


class NotTaken(LogboomError):
    """It was looked at, and is not taken."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What one owner made of a command; `applied`, or refused with a reason."""

    owner: str
    applied: bool
    reason: str = ""
    snapshot: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """It is on disk. `settled`: what the owners made of it; empty when nobody waited, or not long enough: then `before` is how
    many are to be carried out before it."""

    id: str
    settled: Sequence[Settled] = ()
    before: int = 0


def ask(root: Path, record: ControlRecord, wait_secs: float = 0.0) -> Told:
    """Hand a record over to the logboom on the data directory `root`.

    Args:
        wait_secs: for the owners of a command, at most `MOST_WAIT_SECS`; 0: not at all.

    Raises:
        NotRunning: it is not certain that it is on disk.
        NotTaken: it is not, for a reason.
    """
    wait_secs = min(wait_secs, MOST_WAIT_SECS)
    try:
        with wire.connect(root, _PATIENCE_SECS) as client, client.makefile("rb") as answers:
            client.sendall(wire.line({"record": record.to_json(), "wait": wait_secs}))
            answer = wire.parsed(answers.readline(wire.MOST_LINE_BYTES))
            if "refused" in answer:
                kind = NotRunning if answer.get("again") else NotTaken
                raise kind(str(answer["refused"]))
            if not wait_secs:
                return Told(record.id)
            client.settimeout(wait_secs + _PATIENCE_SECS)
            return _told(record.id, wire.parsed(answers.readline(wire.MOST_LINE_BYTES)))
    except (OSError, ValueError) as error:
        raise NotRunning(f"no logboom that runs on {root} answers ({error or type(error).__name__})") from error


def _told(id_: str, answer: Mapping[str, Any]) -> Told:
    settled = [
        Settled(
            str(each.get("owner", "")),
            each.get("outcome") == "applied",
            str(each.get("reason", "")),
            each.get("snapshot") or {},
        )
        for each in answer.get("settled", ())
    ]
    return Told(id_, settled, int(answer.get("queued", 0)))
