"""`logboom validate`: is the configuration right, and what would run?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.compared import compared, told_once
from collector.cli.defaults import chosen
from collector.cli.endings import FAILED, MISUSED, wrong_configuration
from collector.cli.run import Configs, Sets, StrictSignals
from collector.component import Context, ExplainsItself, Listens
from collector.delivery.config import RetryConfig
from collector.errors import ConfigError, LogboomError, Problem
from collector.reserved import PIPELINE, RECEIVER, carried_by
from collector.service.plan import quota_of
from collector.service.wiring import feeds_of, receivers_stopped_by
from collector.settings import PipelineSettings, Settings, load
from collector.settings.carried import signal_of
from collector.settings.disk import disk, disk_warning

if TYPE_CHECKING:
    from collector.cli.reach import Reached

_ON_FULL = {
    "block": "when full, it stops intake: senders are told to wait",
    "spill": "when full, its backlog moves to an area of its own; intake goes on",
    "drop_oldest": "when full, its oldest records are dropped and counted; intake goes on",
}


def validate(
    config: Configs = None,
    data_dir: Annotated[Path, typer.Option(help="Where `run` would keep its data.")] = Path("logboom-data"),
    set_: Sets = None,
    reach: Annotated[
        bool, typer.Option("--reach", help="Also connect to each destination and say what answered; sends no record.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Problems and warnings as one JSON object.")] = False,
    strict_signals: StrictSignals = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the configuration's JSON schema instead.")] = False,
) -> None:
    """Check a configuration and say what would run; starts nothing.

    Exit code 0 when it is right, 2 with every error on stderr when it is not, 1 when --reach did not reach somebody.
    """
    from collector.registry import check_import_roots, default_registry
    from collector.settings.mounts import data_dir_warning
    from collector.settings.schema import schema_text

    try:
        if schema:
            sys.stdout.write(schema_text(default_registry()))
            return
        check_import_roots()
        settings = load(chosen(config), set_ or [], strict_signals=strict_signals)
    except ConfigError as error:
        if json_:
            _print_json({}, error.problems, error.warnings, [])
            raise typer.Exit(MISUSED) from None
        wrong_configuration(error)
    warnings = [*settings.warnings, *filter(None, [data_dir_warning(data_dir), disk_warning(settings, data_dir)])]
    reached = _reached(settings) if reach else []
    if json_:
        _print_json(_what_runs(settings), [], warnings, reached)
    else:
        tried = _table("reached", {f"{one.exporter}  {one.address}": _verdict(one) for one in reached})
        service = service_pipeline(settings, data_dir)
        sys.stdout.write("\n".join([*summary(settings, service), *tried, *_warned(warnings)]) + "\n")
    if not all(one.ok for one in reached):
        raise typer.Exit(FAILED)


def _reached(settings: Settings) -> list[Reached]:
    from collector.cli.reach import reach

    return reach(settings.exporters)


def _verdict(one: Reached) -> str:
    return one.said if one.ok else f"NOT REACHED: {one.said}"


def _print_json(
    runs: Mapping[str, Any], problems: Sequence[Problem], warnings: Sequence[str], reached: Sequence[Reached]
) -> None:
    found = {
        "valid": not problems,
        "problems": [asdict(problem) for problem in problems],
        "warnings": list(warnings),
        "reached": [asdict(one) for one in reached],
        **runs,
    }
    sys.stdout.write(json.dumps(found) + "\n")


def _what_runs(settings: Settings) -> dict[str, Any]:
    """Pipelines that run, those of the file that don't, and what components of the OpenTelemetry Collector's names mean here."""
    not_run = [{"pipeline": each.pipeline, "signal": each.signal, "why": each.why} for each in settings.not_run]
    return {"runs": list(settings.pipelines), "not_run": not_run, "compared": dict(compared(settings))}


def summary(settings: Settings, service: Sequence[str] = ()) -> Iterator[str]:
    """What would run, line by line: pipelines (`service`: of the one that every configuration has), exporters with their queues,
    extensions, own telemetry."""
    for pipeline in settings.pipelines.values():
        signal = signal_of(pipeline.id)
        passes = "" if signal == "logs" else f": requests of {signal} pass as they are"
        yield f"pipeline {pipeline.id}{passes}"
        yield from _drawn(settings, pipeline)
    yield from service
    yield from _table("NOT RUN", {f"pipeline {each.pipeline}": each.why for each in settings.not_run})
    listening = dict(_listeners(settings))
    yield from _table("listens", listening)
    yield "disk"
    yield f"  {disk(settings)}"
    if settings.service.encryption is not None:
        name, _ = settings.service.encryption.master_key.source()
        yield f"  what waits is encrypted with keys of its domain, under a master key from {name}"
    yield from _table("exporters", {name: _exporter(settings, name) for name in settings.exporters})
    if settings.connectors:
        yield from _table("who waits for whom", {name: _stops(settings, name) for name in settings.exporters})
    for name, component in settings.connectors.items():
        if isinstance(component.config, ExplainsItself):
            heading, rows = component.config.explained()
            yield from _table(f"{heading} ({name})", dict(rows))
    if settings.extensions:
        yield f"extensions\n  {', '.join(settings.extensions)}"
    yield from _table("compared with the OpenTelemetry Collector", told_once(dict(compared(settings))))


def service_pipeline(settings: Settings, data_dir: Path) -> list[str]:
    """The pipeline that every configuration has, drawn as the others: where what people do and the service knows goes to. Components
    say what they take when they are made, which starts nothing."""
    from collector.service.extensions import Extensions
    from collector.service.stages import Stages

    title = f"pipeline {PIPELINE}, in every configuration: what people do and the service knows"
    extensions = Extensions(settings.extensions, data_dir)
    keys = None if settings.service.encryption is None else settings.service.encryption.place(data_dir).ring()
    stages = Stages(settings, data_dir, extensions, dict, keys=keys)
    try:
        exporters = {
            name: component.factory.create(
                component.config,
                Context(name, data_dir, extensions=extensions, signals=component.signals, keys=keys),
            )
            for name, component in settings.exporters.items()
        }
        stores, listening = stages.stores(exporters), stages.listening()
    except (LogboomError, OSError, ValueError) as error:
        return [title, f"  {RECEIVER} ─► not known: {error}"]
    ends = ", ".join([*stores, *listening]) or "nobody: nothing here takes events"
    drawn = " ─► ".join(filter(None, [RECEIVER, stages.judge(), ends]))
    return [title, f"  {drawn}", *(f"    {name} ─► {', '.join(fed)}" for name, fed in listening.items() if fed)]


def _drawn(settings: Settings, pipeline: PipelineSettings) -> Iterator[str]:
    """`otlp ─► triage ─► sqlite, debug`, and below it each connector with the pipelines that it feeds."""
    fed = [f"{name} ({', '.join(_upstream(settings, name))})" for name in pipeline.fed_by]
    ends = [*pipeline.exporters, *pipeline.connectors]
    yield "  " + " ─► ".join([", ".join([*pipeline.receivers, *fed]), *pipeline.processors, ", ".join(ends)])
    for name, targets in feeds_of(settings, pipeline).items():
        yield f"    {name} ─► {', '.join(targets)}"


def _upstream(settings: Settings, connector: str) -> list[str]:
    return [pipeline.id for pipeline in settings.pipelines.values() if connector in pipeline.connectors]


def _table(title: str, rows: dict[str, str]) -> Iterator[str]:
    if rows:
        width = max(map(len, rows))
        yield title
        below = "\n" + " " * (width + 4)
        yield from (f"  {name:<{width}}  {text.replace(chr(10), below)}" for name, text in rows.items())


def _listeners(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, component in (*settings.receivers.items(), *settings.extensions.items()):
        if isinstance(component.config, Listens) and carried_by(name) == name:
            yield name, ", ".join(component.config.listens_on())
    for host, port in settings.service.telemetry.metrics.prometheus():
        yield "own metrics", f"http://{host}:{port}/metrics"


def _exporter(settings: Settings, name: str) -> str:
    """A line about what leaves and where to, if there is something to say, and one about the queue."""
    config = settings.exporters[name].config
    destination = config.destination()
    leaves = [f"to {destination}" if destination else "", *config.shaping()]
    return "\n".join(filter(None, ["; ".join(filter(None, leaves)), _delivery(settings, name)]))


def _delivery(settings: Settings, exporter: str) -> str:
    config = settings.exporters[exporter].config
    quota = quota_of(settings, exporter)
    partitions = settings.service.ledger.partitions
    parts = [f"queue on disk {_mib(quota.max_bytes)} x {partitions} partitions"]
    if quota.max_age_secs:
        parts.append(f"drops records older than {quota.max_age_secs:g}s")
    parts += [_retry(config.retry_on_failure), f"{quota.on_full}: {_ON_FULL[quota.on_full]}"]
    parts += config.notes()
    return "; ".join(filter(None, parts))


def _stops(settings: Settings, exporter: str) -> str:
    """Which receivers an exporter that is full can stop."""
    on_full = quota_of(settings, exporter).on_full
    if on_full == "drop_oldest":
        return "stops nobody"
    found = receivers_stopped_by(settings, exporter).items()
    if not found:
        return "stops nobody, as long as another level has room"
    stopped = ", ".join(f"{receiver} (through {', '.join(through)})" for receiver, through in found)
    return f"stops {stopped} when {'full' if on_full == 'block' else 'its spill area is full'}"


def _retry(retry: RetryConfig) -> str:
    if not retry.enabled:
        return "drops after one failed attempt"
    return (
        f"retries for {retry.max_elapsed_time:g}s, then drops" if retry.max_elapsed_time else "retries until delivered"
    )


def _mib(count: int) -> str:
    return f"{count / (1 << 20):g} MiB"


def _warned(warnings: list[str]) -> Iterator[str]:
    yield from (f"warning: {sentence}" for sentence in warnings)
