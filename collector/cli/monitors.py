"""`logboom monitors`: what the monitors of a configuration would have found in what is stored."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.alerting_config import alerting_of
from collector.cli.endings import misused
from collector.cli.plain_command import PlainCommand
from collector.cli.reading_store import past, reading_file
from collector.cli.run import Configs, Sets
from collector.cli.store_path import DataDir, Domain, StoreFile
from collector.scope import Scope
from collector.visible import visible

if TYPE_CHECKING:
    from collector.connectors.alerting.config import AlertingConfig
    from collector.connectors.alerting.monitor_config import MonitorConfig
    from collector.connectors.alerting.rehearsal import Episode

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def monitors() -> None:
    """Monitors: conditions on the stream that become alerts."""


@app.command("test", cls=PlainCommand)
def rehearsed(
    name: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Of a monitor; all without it.")] = None,
    since: Annotated[str, typer.Option(help="How long, such as 36h or 14d, or since a date.")] = "7d",
    until: Annotated[str, typer.Option(help="To when: a date, or how long ago; now without it.")] = "0s",
    connector: Annotated[str, typer.Option(help="Its id, where there are several.")] = "",
    config: Configs = None,
    set_: Sets = None,
    domain: Domain = None,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Count what is stored as the monitors would have, in event time, and show when each would have been an alert, and for whom. Nothing is
    sent or changed.

    \b
    Before it wakes somebody:   logboom monitors test failed-logins --config logboom.yaml --since 14d
    """
    from collector.connectors.alerting.rehearsal import rehearse

    options = alerting_of(config, set_, connector)
    now = time.time()
    from_, to = past(since, now), past(until, now)
    if from_ >= to:
        misused("it ends before it begins: --since is later than --until")
    with reading_file(data_dir, store, Scope.chosen(domain), "records") as connection:
        for monitor in _chosen(options, name or []):
            episodes = rehearse(connection, monitor, from_, to).episodes
            told = _receivers(options, episodes)
            for line in _lines(monitor, episodes, told, json_=json_):
                typer.echo(line)


def _chosen(options: AlertingConfig, names: Sequence[str]) -> Sequence[MonitorConfig]:
    known = {monitor.name: monitor for monitor in options.monitors}
    for name in names:
        if name not in known:
            misused(f"there is no monitor {name!r}; there is {', '.join(known) or 'none'}")
    if not known:
        misused("there are no monitors in this configuration")
    return [known[name] for name in names] if names else list(known.values())


def _receivers(options: AlertingConfig, episodes: Sequence[Episode]) -> list[list[str]]:
    """Who would be told of each."""
    from collector.connectors.alerting.routes import Routes

    routes = Routes(options)
    return [list(dict.fromkeys(leaf.receiver for leaf in routes.taking(one.labels))) for one in episodes]


def _lines(
    monitor: MonitorConfig, episodes: Sequence[Episode], told: Sequence[Sequence[str]], *, json_: bool
) -> Iterator[str]:
    for one, receivers in zip(episodes, told, strict=True):
        if json_:
            yield json.dumps({**one.document(), "monitor": monitor.name, "receivers": list(receivers)})
            continue
        groups = " ".join(f"{key}={value}" for key, value in one.labels.items() if key not in ("level", "rule"))
        until = _shown(one.ended) if one.ended else "now"
        yield visible(
            f"{_shown(one.began)} to {until}  {one.sentence}  {groups}  told: {', '.join(receivers) or 'nobody'}"
        )
    if not json_:
        times = "once" if len(episodes) == 1 else f"{len(episodes)} times"
        yield f"{monitor.name}: {times} an alert" if episodes else f"{monitor.name}: never an alert"


def _shown(unix_nano: Any) -> str:
    return datetime.fromtimestamp(unix_nano // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
