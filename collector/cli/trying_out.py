"""`logboom try`: what a configuration makes of records, stage by stage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import FAILED, misused, wrong_configuration
from collector.visible import visible

if TYPE_CHECKING:
    from collector.batch import LogBatch
    from collector.cli.trying.trial import Tried
    from collector.settings import Settings


def trying_out(
    records: Annotated[
        Path | None, typer.Argument(help="A file of records; without it, or as `-`, they are read from stdin.")
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option("--config", "-c", help="The configuration; the default one without it.")
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="The pipeline that gets the records; the first one.")] = None,
    domain: Annotated[str, typer.Option(help="The domain that the records count for.")] = "default",
    wait: Annotated[
        str, typer.Option(help="How long to let pass afterwards, such as 10s; nobody waits for it.")
    ] = "0s",
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line: each record behind each stage.")] = False,
) -> None:
    """Send records through the processors and connectors of a configuration and show what each stage makes of them: who is left out, what
    changes, which exporters get it. No receiver listens, nothing is sent or kept.

    \b
    Records are JSON, one or a list or one a line: as `logboom explain` takes
    them, OTLP requests, or what the exporter `file` wrote.
      logboom try --pipeline logs < records.json
      echo '{"body": "password=x", "severity": "INFO"}' | logboom try -c shop.yaml
    """
    from collector.cli.trying.shown import documents, pages
    from collector.cli.trying.trial import tried

    settings = _settings(config)
    name = pipeline or next(iter(settings.pipelines))
    if name not in settings.pipelines:
        misused(f"there is no pipeline {name!r}; there is {', '.join(settings.pipelines)}")
    batch = _batch(records, domain)
    done: Tried = tried(settings, name, batch, wait_secs=_seconds(wait))
    lines = documents(settings, done) if json_ else pages(settings, done)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    for reason in done.failed:
        typer.echo(f"failed: {visible(reason)}", err=True)
    if done.failed:
        raise typer.Exit(FAILED)


def _settings(config: list[str] | None) -> Settings:
    from collector.cli.defaults import default_config
    from collector.errors import ConfigError
    from collector.settings import load

    try:
        return load(config or [str(default_config())], [])
    except ConfigError as error:
        wrong_configuration(error)


def _batch(records: Path | None, domain: str) -> LogBatch:
    from collector.cli.trying.records import batch_of_text
    from collector.errors import InvalidPayload
    from collector.samples import SampleError

    try:
        text = sys.stdin.read() if records is None or str(records) == "-" else records.read_text()
        batch = batch_of_text(text, domain)
    except OSError as error:
        misused(f"{records}: {error.strerror}")
    except (SampleError, InvalidPayload, UnicodeDecodeError) as error:
        misused(str(error))
    if not len(batch):
        misused("there are no records")
    return batch


def _seconds(text: str) -> float:
    from collector.units import parse_duration

    try:
        return float(parse_duration(text))
    except ValueError as error:
        misused(f"--wait: {error}")
