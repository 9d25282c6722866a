"""`logboom master-key`: what wraps all keys of a data directory (`service.encryption`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.endings import refuse
from collector.cli.plain_command import PlainCommand

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Make the master key, which wraps the keys that encrypt what waits on disk; change it while logboom runs."""


@app.command(cls=PlainCommand)
def create(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
) -> None:
    """Write a new master key to a file that nobody else may read. Without it nobody reads what was encrypted: keep a copy elsewhere.

    \b
      logboom master-key create /etc/logboom/master.key
    """
    from collector.encryption.master_key import id_of, new_master_key, written

    key = new_master_key()
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(written([key]))
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        refuse(f"{file} can't be made: {error.strerror or error}")
    typer.echo(f"{file} holds the master key {id_of(key)}: name it in service.encryption.master_key.file")
