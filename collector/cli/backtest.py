"""`logboom backtest`: what a configuration would have decided about what is stored."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, wrong_configuration
from collector.cli.reading_store import past, reading_file
from collector.cli.store_path import DataDir, Domain, StoreFile
from collector.scope import Scope
from collector.visible import visible_json

if TYPE_CHECKING:
    from collector.cli.backtesting.findings import Findings
    from collector.settings import Settings


def backtest(
    config: Annotated[
        list[str] | None, typer.Option("--config", "-c", help="The configuration to try; the default one without it.")
    ] = None,
    since: Annotated[str, typer.Option(help="How long, such as 36h or 14d, or since a date.")] = "14d",
    until: Annotated[str, typer.Option(help="To when: a date, or how long ago; now without it.")] = "0s",
    pipeline: Annotated[
        str | None, typer.Option(help="The pipeline that gets the records; the first one without it.")
    ] = None,
    domain: Domain = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object; the same run gives the same bytes.")] = False,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
) -> None:
    """Send what is stored through the processors and connectors of a configuration once more, in event time, and show what it would have
    decided: levels, issues and their states, anomalies, messages; beside what was decided. Nothing is sent anywhere or changed: state
    begins empty and is thrown away.

    \b
    Before a new configuration runs:   logboom backtest --config new.yaml --since 14d
    Two of them against each other:    diff <(logboom backtest -c a.yaml --json) <(logboom backtest -c b.yaml --json)
    """
    from collector.cli.backtesting.findings import findings
    from collector.cli.backtesting.run import run
    from collector.cli.backtesting.stored import slices

    settings = _settings(config)
    name = pipeline or next(iter(settings.pipelines))
    if name not in settings.pipelines:
        misused(f"there is no pipeline {name!r}; there is {', '.join(settings.pipelines)}")
    now = time.time()
    from_, to = past(since, now), past(until, now)
    if from_ >= to:
        misused("it ends before it begins: --since is later than --until")
    with reading_file(data_dir, store, Scope.chosen(domain), "records") as connection:
        decided = run(settings, name, slices(connection, from_, to), to, _progress())
        found = findings(decided, connection, from_, to)
    sys.stdout.write(visible_json(found.document()) + "\n" if json_ else _text(found))


def _settings(config: list[str] | None) -> Settings:
    from collector.cli.defaults import default_config
    from collector.errors import ConfigError
    from collector.settings import load

    try:
        return load(config or [str(default_config())], [])
    except ConfigError as error:
        wrong_configuration(error)


class _progress:  # noqa: N801  used like a function
    """How many records are done, on a terminal, once a second."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, records: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._last > 1:
            self._last = time.monotonic()
            sys.stderr.write(f"\r{records:,} records")


def _text(found: Findings) -> str:
    from collector.store.report_views import Section, text_of

    levels = [(row["was"] or "-", row["would_be"] or "-", row["records"]) for row in found.levels]
    issues = [
        (
            row["issue_id"],
            row["would_be"] or "-",
            row["would_be_events"] or 0,
            row["is"] or "-",
            row["is_events"] or 0,
            row["title"],
        )
        for row in found.issues
    ]
    anomalies = [
        (_clock(row["time_unix_nano"]), row["kind"].rpartition(".")[2], row["sentence"]) for row in found.anomalies
    ]
    events = [(row["kind"], row["would_be"], row["were"]) for row in found.events]
    failed = [(reason, n) for reason, n in found.failed.items()]
    said = found.with_issue
    return text_of(
        f"logboom backtest: {_clock(found.since_unix_nano)} to {_clock(found.until_unix_nano)} UTC, {found.records:,} records; "
        f"{said.get('had', 0):,} have an issue, {said.get('would_have', 0):,} would have one",
        [
            Section("Levels", ("was", "would be", "records"), levels, "No records."),
            Section(
                "Issues", ("issue", "would be", "events", "is", "events", "title"), issues, "None would be, none is."
            ),
            Section("Anomalies", ("when", "kind", "what"), anomalies, "None would be told of."),
            Section("Events", ("kind", "would be", "were"), events, "None would be made."),
            *([Section("Failed", ("what", "times"), failed, "")] if failed else []),
        ],
    )


def _clock(unix_nano: int) -> str:
    from collector.moments import shown

    return shown(unix_nano // 10**9)
