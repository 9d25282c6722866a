"""A `logboom` command in this process: the same as one of its own would do and say, without a second and more of its start."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from collector.cli import app


def command(*arguments: str) -> Result:
    """Run it; `exit_code`, `stdout` and `stderr` are what a shell would have."""
    return CliRunner().invoke(app, list(arguments))
