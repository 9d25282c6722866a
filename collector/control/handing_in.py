"""A command to a logboom that does not run: into its control journal, so that it is the first thing that it does when it is started."""

from __future__ import annotations

import threading
from pathlib import Path

from collector.cluster.offline import control_of
from collector.control.asking import NotTaken
from collector.control.record import ControlRecord
from collector.control.remembered import Remembered
from collector.control.server import payload_of
from collector.errors import Refusal
from collector.reserved import RECEIVER

_PATIENCE_SECS = 10.0


def hand_in(root: Path, record: ControlRecord) -> None:
    """Make it durable.

    Raises:
        NotTaken: the journal has no room.
        StorageError: there is no data directory, or a logboom runs on it.
    """
    intake = control_of(root)
    answers: list[Refusal | None] = []
    answered = threading.Event()

    def done(refusal: Refusal | None) -> None:
        answers.append(refusal)
        answered.set()

    try:
        remembered = Remembered(intake.positions(RECEIVER))
        if record.id in remembered:
            return
        intake.append([payload_of(record, remembered.position(record.id))], done)
        if not answered.wait(_PATIENCE_SECS):
            raise NotTaken("the journal gave no answer")
        if answers[0] is not None:
            raise NotTaken(answers[0].reason)
    finally:
        intake.close(_PATIENCE_SECS)
