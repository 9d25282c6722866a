"""`logboom explain`: what the processors of a configuration make of one record, and why."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse, wrong_configuration
from collector.cli.reading_store import reading
from collector.cli.store_path import DataDir, StoreFile, store_path
from collector.scope import Scope
from collector.visible import visible, visible_json, visible_lines

if TYPE_CHECKING:
    from collector.batch import LogBatch
    from collector.explanation import Explanation
    from collector.settings import Settings

_RECORD_ID = re.compile(r"[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{26}")


def explain(
    record: Annotated[str, typer.Argument(help="A record as JSON, `-` to read it, or the id of a stored record.")],
    config: Annotated[list[str] | None, typer.Option("--config", "-c", help="The configuration.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="The pipeline whose processors are asked.")] = None,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    domain: Annotated[
        str | None,
        typer.Option(help="The domain that the record counts for; of stored ones only this domain's are found."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also the evidence that did not count.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line for each piece of evidence.")] = False,
) -> None:
    """Show every category and the level of a record, with the evidence and the rule behind each.

    \b
    A record is JSON with any of body, severity, severity_text, attributes,
    resource, scope, event_name; or an OTLP request:
      logboom explain '{"body": "no space left on device", "severity": "ERROR"}'
    A stored record by its id, judged by the configuration as it is now:
      logboom explain 01KD0Z8W6YV3T9Q2M4N7P1R5XA
    """
    from collector.cli.defaults import default_config

    settings = _settings(config or [str(default_config())])
    text = sys.stdin.read() if record == "-" else record
    batch = (
        _stored(text, data_dir, store, config or [], domain)
        if _RECORD_ID.fullmatch(text)
        else _given(text, domain or "default")
    )
    for told in _asked(settings, pipeline, batch, data_dir):
        if told.decides or everything:
            typer.echo(_json(told) if json_ else _shown(told, everything))


def _settings(config: list[str]) -> Settings:
    from collector.errors import ConfigError
    from collector.settings import load

    try:
        return load(config, [])
    except ConfigError as error:
        wrong_configuration(error)


def _given(text: str, domain: str) -> LogBatch:
    """A record, or the first one of an OTLP JSON request."""
    from collector.errors import InvalidPayload
    from collector.samples import SampleError, batch_of, batch_of_json

    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            misused('a record is a JSON object, such as \'{"body": "no space left on device"}\'')
        request = "resourceLogs" in document
        batch = batch_of_json(text.encode(), domain) if request else batch_of([document], domain)
    except json.JSONDecodeError as error:
        misused(f"neither a record id nor JSON: {error}")
    except (SampleError, InvalidPayload) as error:
        misused(str(error))
    if not len(batch):
        misused("the request holds no record")
    return batch.slice(0, 1)


def _stored(record_id: str, data_dir: Path, store: Path | None, configs: list[str], domain: str | None) -> LogBatch:
    from collector.explaining.stored import COLUMNS, batch_of_row

    found = f"SELECT {', '.join(COLUMNS)} FROM logs WHERE record_id = ?"  # noqa: S608 - constant columns
    with reading(data_dir, store, Scope.chosen(domain), "records", configs) as connection:
        row = connection.execute(found, [record_id]).fetchone()
    if row is None:
        refuse(f"the store {store_path(data_dir, store)} has no record {record_id}")
    return batch_of_row(dict(zip(COLUMNS, row, strict=True)))


def _asked(settings: Settings, pipeline: str | None, batch: LogBatch, data_dir: Path) -> list[Explanation]:
    from collector.explaining.asking import NoPipeline, explanations, pipeline_of

    try:
        return explanations(settings, pipeline_of(settings, pipeline), batch, data_dir)
    except NoPipeline as problem:
        misused(str(problem))


def _json(told: Explanation) -> str:
    from collector.explaining.child import as_object

    return visible_json(as_object(told))


def _shown(told: Explanation, everything: bool) -> str:
    mark = ("* " if told.decides else "  ") if everything else ""
    answer = "-" if told.answer is None else visible(told.answer) or '"" (unknown)'
    lines = [f"{mark}{told.subject:<30} {answer:<24} {visible(told.because)}"]
    if told.decides:
        lines += [f"    {name + ':':<12} {_folded(text)}" for name, text in told.details.items()]
    return "\n".join(lines)


def _folded(text: str) -> str:
    return visible_lines(text).replace("\n", "\n" + " " * 17)
