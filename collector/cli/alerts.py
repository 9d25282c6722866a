"""`logboom alerts`: who was told what, who would be, quiet, and acknowledgements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli.alerting_config import alerting_of
from collector.cli.commanding import Json, Wait, Why, handed_over, tell
from collector.cli.endings import FAILED, misused, refuse
from collector.cli.plain_command import PlainCommand
from collector.cli.reading_store import reading
from collector.cli.run import Configs, Sets
from collector.cli.store_path import DataDir, Domain, StoreFile
from collector.moments import seconds, shown
from collector.query.told import NEWEST, SILENCES
from collector.scope import Scope
from collector.visible import visible

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_HERE = Path("logboom-data")
_OfDomain = Annotated[str, typer.Option(help="Whose alerts.")]
_Group = Annotated[str, typer.Argument(metavar="GROUP", help="As `logboom alerts list` shows it.")]
_Lines = Annotated[bool, typer.Option("--json", help="A JSON object a line.")]
_NANOS = 1_000_000_000


@app.callback()
def alerts() -> None:
    """Alerts: what people were told, quiet, acknowledgements."""


@app.command("list", cls=PlainCommand)
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too, and digests.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    domain: Domain = None,
    data_dir: DataDir = _HERE,
    store: StoreFile = None,
    json_: _Lines = False,
) -> None:
    """What goes on, by group and exporter: the last thing that each was told."""
    rows = _rows(data_dir, store, domain, NEWEST, all_, limit)
    for row in rows:
        if json_:
            typer.echo(json.dumps({**row, "labels": json.loads(str(row["labels"] or "{}"))}))
        else:
            at = shown(int(row["time_unix_nano"]) // _NANOS)
            typer.echo(
                visible(f"{at}  {row['status']:8} {row['group_id']}  {row['exporter']}: {row['text'] or row['labels']}")
            )
    if not rows:
        typer.echo("nobody was told of anything that goes on", err=True)


@app.command(cls=PlainCommand)
def silences(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    domain: Domain = None,
    data_dir: DataDir = _HERE,
    store: StoreFile = None,
    json_: _Lines = False,
) -> None:
    """The silences that hold."""
    for row in _rows(data_dir, store, domain, SILENCES, all_):
        if json_:
            typer.echo(json.dumps(row))
        else:
            until = shown(int(row["ends_unix_nano"]) // _NANOS)
            typer.echo(
                visible(
                    f"{row['silence_id']}  until {until}  {row['domain']}  {row['matchers']}  {row['who']}: {row['why']}"
                )
            )


@app.command("test", cls=PlainCommand)
def who_is_told(
    label: Annotated[
        list[str] | None, typer.Option("--label", "-l", help="A label of the alert: level=critical. May be repeated.")
    ] = None,
    send: Annotated[
        bool,
        typer.Option(
            "--send",
            help="Send a test alert, through the running logboom, to whoever would be told; to all without a label.",
        ),
    ] = False,
    exporter: Annotated[list[str] | None, typer.Option(help="With --send: only to this one. May be repeated.")] = None,
    domain: _OfDomain = "default",
    data_dir: DataDir = _HERE,
    connector: Annotated[str, typer.Option(help="Its id, where there are several.")] = "",
    config: Configs = None,
    set_: Sets = None,
    json_: _Lines = False,
) -> None:
    """Who would be told of an alert with these labels, and when; nothing is sent, unless you say --send: then each gets a test alert, and a
    minute later word that it is over.

    \b
    Who hears of it:               logboom alerts test --label level=critical --label service=shop
    Does it reach them, really:    logboom alerts test --send --domain tamyla.com
    """
    labels = _labels(label or [])
    if send:
        _send_test(labels, exporter or [], domain, data_dir, json_=json_)
        return
    if not labels:
        misused("name a label of the alert (--label level=critical), or --send")
    from collector.connectors.alerting.routes import Routes

    leaves = Routes(alerting_of(config, set_, connector)).taking(labels)
    for leaf in leaves:
        told = {
            "route": leaf.path, "receiver": leaf.receiver, "exporters": list(leaf.exporters), "group_by": list(leaf.group_by),
            "group_wait": leaf.waits(labels.get("level", "")) / _NANOS, "group_interval": leaf.interval / _NANOS,
            "repeat_interval": leaf.repeat / _NANOS, "resolve_after": leaf.resolve_after / _NANOS, "escalation": leaf.escalation,
            "digest": leaf.digest is not None,
        }  # fmt: skip
        typer.echo(json.dumps(told) if json_ else _sentence(told))
    if not leaves:
        typer.echo(
            "nobody is told: records of this level are no alerts here, unless a route asks for `level`", err=True
        )
        raise typer.Exit(FAILED)


@app.command(cls=PlainCommand)
def ack(
    group: _Group,
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Acknowledge a group: its escalation rests, for a while."""
    from collector.alert_commands import ACKNOWLEDGE, GROUP

    said = {GROUP: group}
    tell(ACKNOWLEDGE, domain, said, data_dir, done=f"acknowledged {group}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def unack(
    group: _Group,
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Take an acknowledgement back: the escalation goes on."""
    from collector.alert_commands import GROUP, UNACKNOWLEDGE

    said = {GROUP: group}
    tell(UNACKNOWLEDGE, domain, said, data_dir, done=f"took back {group}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def resolve(
    group: _Group,
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Say that a group is over: those who were told of it hear that. What comes later is an alert again."""
    from collector.alert_commands import GROUP, RESOLVE

    said = {GROUP: group}
    tell(RESOLVE, domain, said, data_dir, done=f"resolved {group}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def silence(
    matchers: Annotated[list[str], typer.Argument(metavar="MATCHER", help='level="warning", service=~"shop|cart"')],
    for_: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 3d.")] = "2h",
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Keep alerts with these labels back for a while."""
    from collector.alert_commands import MATCHERS, SECONDS, SILENCE
    from collector.matchers import parse

    try:
        text = "{" + ", ".join(str(one) for given in matchers for one in parse(given)) + "}"
        lasts = seconds(for_)
    except ValueError as problem:
        misused(str(problem))
    said: dict[str, str | float] = {MATCHERS: text, SECONDS: float(lasts)}
    tell(SILENCE, domain, said, data_dir, done=f"silence {text} for {for_}", why=why, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="As `logboom alerts silences` shows it.")],
    domain: _OfDomain = "default",
    why: Why = "",
    wait: Wait = True,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """End a silence."""
    from collector.alert_commands import SILENCE_ID, UNSILENCE

    said = {SILENCE_ID: silence_id}
    tell(UNSILENCE, domain, said, data_dir, done=f"ended silence {silence_id}", why=why, wait=wait, json_=json_)


def _send_test(
    labels: Mapping[str, str], exporters: Sequence[str], domain: str, data_dir: Path, *, json_: bool
) -> None:
    """The owner knows whom its routes tell; what it says is whom it told."""
    from collector.alert_commands import EXPORTERS, TEST, TRIAL_LABELS
    from collector.control.command import command, user

    said = {
        EXPORTERS: ",".join(exporters),
        TRIAL_LABELS: "\n".join(f"{name}={value}" for name, value in labels.items()),
    }
    record = command(
        TEST,
        domain,
        {name: value for name, value in said.items() if value},
        who=user(),
        why="",
        body=f"{user()} tries who is told of alerts",
    )
    told = handed_over(record, data_dir, wait=True)
    refused = next((each for each in told.settled if not each.applied), None)
    if refused is not None:
        refuse(refused.reason)
    if not told.settled:
        refuse("nobody has taken it yet: it is on its way, and those who are told will be when it is")
    for each in told.settled:
        for exporter in str(each.snapshot.get(EXPORTERS, "")).split(","):
            typer.echo(
                json.dumps({"exporter": exporter})
                if json_
                else f"told {exporter}; what it does with it: logboom doctor, or its log"
            )


def _rows(
    data_dir: Path, store: Path | None, domain: str | None, statement: str, *parameters: object
) -> Sequence[Mapping[str, Any]]:
    with reading(data_dir, store, Scope.chosen(domain), "notifications") as connection:
        found = connection.execute(statement, parameters)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]


def _labels(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            misused(f"{one!r} is not a label: write name=value")
        found[name] = value.strip('"')
    return found


def _sentence(told: Mapping[str, Any]) -> str:
    who = ", ".join(told["exporters"])
    if told["digest"]:
        return f"{told['receiver']} ({who}): counted, in a digest; {told['route']}"
    more = f", then escalation {told['escalation']}" if told["escalation"] else ""
    return (
        f"{told['receiver']} ({who}) after {told['group_wait']:g} s, grouped by {', '.join(told['group_by']) or 'domain'}, again each "
        f"{told['repeat_interval']:g} s, over after {told['resolve_after']:g} s without records{more}; {told['route']}"
    )
