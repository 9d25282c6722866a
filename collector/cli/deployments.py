"""`logboom deployments mark`: say that a version runs somewhere from now on, so that what changes after it can be laid at its door."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from collector.cli.commanding import Json, Wait, Why, carry_out
from collector.cli.endings import misused
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def options() -> None:
    """Deployments."""


@app.command(cls=PlainCommand)
def mark(
    service: Annotated[str, typer.Option(help="Its service.name.")],
    version: Annotated[str, typer.Option(help="Its service.version, from now on.")],
    environment: Annotated[str, typer.Option(help="Where.")] = "production",
    time: Annotated[str | None, typer.Option(help="Since when, such as 2026-03-01T12:00:00Z; now without it.")] = None,
    url: Annotated[str | None, typer.Option(help="Where people read more.")] = None,
    domain: Annotated[str, typer.Option(help="Whose service it is.")] = "default",
    why: Why = "",
    key: Annotated[
        str, typer.Option("--idempotency-key", help="The same key again marks nothing again, for a day.")
    ] = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = Path("logboom-data"),
) -> None:
    """Mark a deployment. It becomes the event `logboom.deployment`, and a row of the table `deployments`."""
    from collector.control.command import DEPLOYMENT, command, user
    from collector.control.deployment import Deployment, NoDeployment
    from collector.control.record import Unfit

    given = {"service": service, "version": version, "environment": environment, "time": time, "url": url}
    try:
        deployment = Deployment.of_body({name: value for name, value in given.items() if value is not None}, "")
        record = command(
            DEPLOYMENT, domain, deployment.of_command(), who=user(), why=why, id_=key, body=deployment.sentence()
        )
    except (NoDeployment, Unfit) as problem:
        misused(str(problem))
    carry_out(record, data_dir, done=f"marked {deployment.sentence()}", wait=wait, json_=json_)
