"""`logboom master-key`: what wraps all keys of a data directory (`service.encryption`)."""

from __future__ import annotations

import json
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
    from collector.encryption.private_file import write_new

    key = new_master_key()
    try:
        write_new(file, written([key]))
    except OSError as error:
        refuse(f"{file} can't be made: {error.strerror or error}")
    typer.echo(f"{file} holds the master key {id_of(key)}: name it in service.encryption.master_key.file")


@app.command(cls=PlainCommand)
def rotate(
    data_dir: Annotated[Path, typer.Option(help="The data directory of `logboom run`.")] = Path("logboom-data"),
    json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Wrap the keys of all domains with a new master key, while logboom runs; nothing is encrypted anew.

    A master key in a file is made and put in the place of the old one. From the environment, a command or a plugin the new one must come
    first, in front of the old one, when this is called; a running logboom must have been started with both, or read them again.

    \b
      logboom master-key rotate
    """
    from collector.encryption.place import KeyPlace
    from collector.encryption.rotation import rotate as rotated
    from collector.errors import LogboomError

    try:
        place = KeyPlace.remembered(data_dir)
        if place is None:
            refuse(f"nothing in {data_dir} was ever encrypted: set service.encryption, and start logboom")
        done = rotated(place)
    except LogboomError as error:
        refuse(str(error))
    if json_:
        typer.echo(json.dumps({"master": done.master, "domains": done.domains, "needed_no_more": done.left}))
        return
    typer.echo(f"the keys of {done.domains} domains are wrapped with the master key {done.master}")
    if done.left:
        typer.echo(f"needed no more, take them out where they come from: {', '.join(done.left)}")
