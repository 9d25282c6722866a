"""`logboom init`: a configuration to begin with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.defaults import default_config
from collector.cli.endings import refuse


def init(
    file: Annotated[str, typer.Argument(help="Where to write it; `-` prints it.")] = "logboom.yaml",
) -> None:
    """Write the default configuration, with its comments, to a file of your own.

    It is what `logboom run` uses without --config. A file that is there is never overwritten.
    """
    text = default_config().read_text(encoding="utf-8")
    if file == "-":
        sys.stdout.write(text)
        return
    try:
        with Path(file).open("x", encoding="utf-8") as made:
            made.write(text)
    except FileExistsError:
        refuse(f"{file} is there already, and is left as it is: name another file, or print it with `logboom init -`")
    except OSError as error:
        refuse(f"can't write {file}: {error.strerror}")
    name = shlex.quote(file)
    typer.echo(f"wrote {file}\n  logboom validate --config {name}\n  logboom run --config {name}")
