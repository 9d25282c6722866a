"""An owner of commands for tests: what it was handed, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collector.control.asking import NotTaken, Settled, Told
from collector.control.record import ControlRecord
from collector.errors import Unavailable
from collector.receivers.hooks.carrying_out import CarryingOut


class Owner(CarryingOut):
    """`says`: name of a command → its answer; a `Settled`, or what is raised. Once done, an id is known."""

    def __init__(self, **says: Any) -> None:
        super().__init__(Path())
        self.says: Mapping[str, Any] = {name.replace("_", "."): answer for name, answer in says.items()}
        self.handed: list[ControlRecord] = []

    async def hand_over(self, record: ControlRecord, wait_secs: float = 0.0) -> Told:
        answer = self.says.get(record.name.removeprefix("logboom.command."), Settled("alerting", applied=True))
        if isinstance(answer, Unavailable | NotTaken):
            raise answer
        if record.id not in {each.id for each in self.handed}:
            self.handed.append(record)
        return Told(record.id, [answer] if wait_secs and answer is not None else [], before=3)
