"""Options of the `command` exporter."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import Field, model_validator

from collector.component import Config
from collector.delivery.response_options import ResponseOptions, Target
from collector.units import Duration

Argument = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=4096)]


class AllowedCommand(Config):
    """One command that may be run."""

    argv: list[Argument] = Field(min_length=1, max_length=100)
    """The program, by its absolute path, and its arguments, as written here: nothing of a log becomes one."""
    timeout: Duration = Field(60.0, gt=0, le=900)
    """After it the command and all that it started are killed."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        path = PurePosixPath(self.argv[0])
        if not path.is_absolute() or ".." in path.parts:
            raise ValueError("argv: the program is an absolute path")
        return self


class CommandConfig(ResponseOptions):
    """Delivery, and the commands that may be run."""

    commands: dict[Target, AllowedCommand] = Field(min_length=1)
    """Target → the command; nothing else is run."""

    def destination(self) -> str:
        """For people."""
        return ", ".join(one.argv[0] for one in self.commands.values())
