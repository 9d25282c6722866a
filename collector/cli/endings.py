"""How a command ends: 0 done; 1 it failed, or found nothing where something was asked for; 2 wrong usage or configuration."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from collector.errors import ConfigError

FAILED, MISUSED = 1, 2


def refuse(sentence: str) -> NoReturn:
    """End the command with an error that people can act on."""
    _end(sentence, FAILED)


def misused(sentence: str) -> NoReturn:
    """End the command: it was called in a way that says nothing."""
    _end(sentence, MISUSED)


def wrong_configuration(error: ConfigError) -> NoReturn:
    """End the command with every problem of the configuration."""
    from collector.settings import render

    sys.stderr.write(render(error.problems, error.warnings, error.hidden))
    raise typer.Exit(MISUSED) from None


def no_store(reason: str) -> NoReturn:
    """End the command: there is nothing to read."""
    refuse(
        f"{reason}\n"
        "Start `logboom run` with an exporter `sqlite` first, or say where the store is: --data-dir DIR or --store FILE."
    )


def _end(sentence: str, code: int) -> NoReturn:
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(code)
