"""What librdkafka says of a transactional producer, as what it is: that another one has taken its place is no failure, and what else ends it
is told by whoever used it."""

from __future__ import annotations

import logging

_FATAL, _FENCED = "FATAL", "fenced"


class WriterLog:
    """A `logger` of librdkafka. Its lines have a facility, the client's name and a text.

    Args:
        name: the transactional id.
        onward: where all other lines go.
    """

    def __init__(self, name: str, onward: logging.Logger) -> None:
        self._name, self._onward = name, onward

    def log(self, level: int, form: str, *told: object) -> None:
        """See `logging.Logger.log`."""
        if not told or told[0] != _FATAL:
            self._onward.log(level, form, *told)
        elif _FENCED in str(told[-1]).lower():
            self._onward.info(
                "%s: another owner has claimed it, which ends this one; what it had not committed does not count",
                self._name,
            )
        else:
            self._onward.warning("%s: its producer is given up: %s", self._name, told[-1])
