"""A subcommand whose help and errors speak of files, names and numbers, not of Python's types."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_VALUES = {
    "FILE": ("config", "store"),
    "DIR": ("data_dir",),
    "TIME": ("expires", "not_before", "overlap", "since", "for_"),
    "KEY=VALUE": ("set_", "option"),
    "SECONDS": ("interval", "patience", "seconds", "timeout"),
    "N": (
        "batch_size",
        "connections",
        "events",
        "keep",
        "limit",
        "lines",
        "one_in",
        "rate",
        "records",
        "seed",
        "users",
    ),
    "DOMAIN": ("domain",),
    "NAME": ("component", "header", "name", "service"),
    "NETWORK": ("network",),
    "ORIGIN": ("origin",),
    "ID": ("connector", "exporter", "pipeline", "snapshot"),
    "TEXT": ("only", "query", "reason", "why"),
    "SCOPE": ("scope",),
    "URL": ("archive", "url"),
    "STATE": ("state", "until"),
    "VERSION": ("version",),
    "ADDRESS": ("endpoint",),
}
_METAVARS = {name: shown for shown, names in _VALUES.items() for name in names}
"""Option → what stands for its value in the help; choices show themselves."""


def _nothing(_: Any) -> str:
    return ""


class _Plain:
    """What a command and a group of them have alike."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, each with what stands for its value."""
        parameters: Any = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if parameter.param_type_name == "argument":
                parameter.display_type = _nothing  # its name says what it is
            elif not getattr(parameter, "is_flag", False):
                parameter.metavar = parameter.metavar or _METAVARS.get(str(parameter.name))
        return parameters

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Parse the arguments; a wrong value is told without the prefix of the library that found it."""
        try:
            return super().make_context(*arguments, **more)  # type: ignore[misc]
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


class PlainCommand(_Plain, TyperCommand):
    """As typer's, in plain words."""


class PlainGroup(_Plain, TyperGroup):
    """A command that has others below it, and options of its own."""
