"""`logboom patterns`: what is said again and again, and how it varies."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.commanding import Json as Told
from collector.cli.commanding import Wait, Why
from collector.cli.endings import misused, refuse
from collector.cli.plain_command import PlainCommand, PlainGroup
from collector.cli.reading_store import asking, past
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile
from collector.scope import Scope
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from collector.store.pattern_reading import Advice, Listed

app = typer.Typer(cls=PlainGroup, invoke_without_command=True, add_completion=False, rich_markup_mode=None)

HERE = Path("logboom-data")
_TEMPLATE = 110


Order = StrEnum("Order", ["count", "new", "level"])
"""What comes first."""

Since = Annotated[str, typer.Option(help="With records within this time, such as 12h or 7d, or since a date.")]
By = Annotated[Order, typer.Option("--by", help="First: the most frequent, the newest, the most urgent.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
Advised = Annotated[
    bool,
    typer.Option("--advice", help="What costs most, is neither critical nor a warning, and had no part in an issue."),
]
Id = Annotated[str, typer.Argument(metavar="ID", help="The pattern's id, or how it begins.")]
Json = Annotated[bool, typer.Option("--json", help="A JSON object a line instead of text.")]


@app.callback()
def patterns(
    context: typer.Context,
    domain: Domain = None,
    since: Since = "1d",
    by: By = Order.count,
    limit: Most = 50,
    advice: Advised = False,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """List patterns: what records say without what varies, how often, and how that went. `show ID` shows all of one."""
    if context.invoked_subcommand is not None:
        return
    from collector.store.pattern_reading import advised, as_objects, listed

    now = time.time_ns()
    begin = past(since)
    with asking(data_dir, store, Scope.chosen(domain), "patterns", config) as ask:
        if advice:
            _advise(advised(ask, begin, now, limit), json_=json_)
            return
        found = listed(ask, begin, now, by, limit)
    if json_:
        sys.stdout.write("".join(visible_json(row) + "\n" for row in as_objects(found, begin)))
    else:
        typer.echo("\n".join(_table(found, begin)) if found else "no patterns")


@app.command(cls=PlainCommand)
def show(
    id_: Id,
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """Show a pattern: where it comes from, what stands in its places, samples."""
    from collector.store.pattern_reading import whole

    with asking(data_dir, store, Scope.chosen(domain), "patterns", config) as ask:
        found = _one(whole(ask, id_), id_)
    for row in found:
        typer.echo(visible_json(row) if json_ else "\n".join(visible(line) for line in _page(row)))


@app.command(cls=PlainCommand)
def aggregate(
    id_: Id, why: Why = "", domain: Domain = None, wait: Wait = True, json_: Told = False, data_dir: DataDir = HERE
) -> None:
    """Keep counts of a pattern's records from now on. Errors and critical records are kept whole."""
    _decide("aggregate", id_, {}, why, domain, data_dir, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def sample(
    id_: Id,
    one_in: Annotated[int, typer.Option("--one-in", min=2, max=10_000, help="Keep one of so many records.")] = 10,
    why: Why = "",
    domain: Domain = None,
    wait: Wait = True,
    json_: Told = False,
    data_dir: DataDir = HERE,
) -> None:
    """Keep some of a pattern's records from now on. Errors and critical records are all kept."""
    _decide("sample", id_, {"one_in": one_in}, why, domain, data_dir, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def drop(
    id_: Id, why: Why = "", domain: Domain = None, wait: Wait = True, json_: Told = False, data_dir: DataDir = HERE
) -> None:
    """Keep none of a pattern's records from now on. Errors and critical records are kept."""
    _decide("drop", id_, {}, why, domain, data_dir, wait=wait, json_=json_)


@app.command(cls=PlainCommand)
def keep(
    id_: Id, why: Why = "", domain: Domain = None, wait: Wait = True, json_: Told = False, data_dir: DataDir = HERE
) -> None:
    """Keep a pattern's records whole again, from now on."""
    _decide("keep", id_, {}, why, domain, data_dir, wait=wait, json_=json_)


def _decide(
    verb: str, id_: str, said: dict[str, int], why: str, domain: str | None, data_dir: Path, *, wait: bool, json_: bool
) -> None:
    """Hand a decision over, for each domain that has the pattern."""
    from collector.cli.commanding import tell
    from collector.store.pattern_reading import whole

    with asking(data_dir, None, Scope.chosen(domain), "patterns") as ask:
        found = _one(whole(ask, id_), id_)
    for row in found:
        attributes = {
            "logboom.pattern.id": row["pattern_id"],
            **{f"logboom.pattern.{key}": n for key, n in said.items()},
        }
        done = f"{verb} {row['pattern_id']} of {row['domain']}: {row['template']}"
        tell(
            f"logboom.command.pattern.{verb}",
            row["domain"],
            attributes,
            data_dir,
            done=done,
            why=why,
            wait=wait,
            json_=json_,
        )


def _one(found: list[dict[str, Any]], id_: str) -> list[dict[str, Any]]:
    """A pattern, in each domain that has it; ends the program where there are none, or several."""
    if len({row["pattern_id"] for row in found}) > 1:
        misused(f"several patterns begin with {id_}: write more of it")
    if not found:
        refuse(f"there is no pattern {visible(id_)} (`logboom patterns` lists them)")
    return found


def _advise(found: Sequence[Advice], *, json_: bool) -> None:
    for one in found:
        listed = one.listed
        told = {
            "domain": listed.domain, "pattern_id": listed.pattern_id, "template": listed.template, "rows_a_month": round(one.rows),
            "bytes_a_month": round(one.bytes_), "d1_usd_a_month": round(one.usd, 4), "rows_a_month_as_counts": round(one.rows_as_counts),
        }  # fmt: skip
        if json_:
            sys.stdout.write(visible_json(told) + "\n")
    if json_:
        return
    typer.echo("\n".join(_costs(found)) if found else "nothing to advise: no harmless pattern had records")


def _costs(found: Sequence[Advice]) -> Iterator[str]:
    yield f"{'PATTERN':16}  {'ROWS/MONTH':>12}  {'MB/MONTH':>9}  {'D1 USD':>8}  {'AS COUNTS SAVES':>15}  TEMPLATE"
    for one in found:
        saved = 100 * (1 - one.rows_as_counts / one.rows)
        yield (
            f"{one.listed.pattern_id:16}  {one.rows:>12,.0f}  {one.bytes_ / 1e6:>9,.1f}  {one.usd:>8.2f}  {saved:>14.0f}%"
            f"  {visible(one.listed.template)[:_TEMPLATE]}"
        )
    yield "keep less: logboom patterns aggregate ID | sample ID --one-in 10 | drop ID; as before: logboom patterns keep ID"


def _table(found: Sequence[Listed], since: int) -> Iterator[str]:
    from collector.store.pattern_reading import BUCKETS, bars

    several = len({one.domain for one in found}) > 1
    width = max(len(str(one.count)) for one in found)
    yield f"{'PATTERN':16}  {'LEVEL':8}  {'COUNT':>{max(width, 5)}}  {'TREND':{BUCKETS}}  WHERE, TEMPLATE"
    for one in found:
        where = " ".join(filter(None, (one.domain if several else "", str(one.told.get("service") or ""))))
        new = "(new) " if one.is_new(since) else ""
        text = visible(f"{new}{where + ': ' if where else ''}{one.template}")[:_TEMPLATE]
        yield f"{one.pattern_id:16}  {one.level:8}  {one.count:>{max(width, 5)}}  {bars(one.trend):{BUCKETS}}  {text}"


def _page(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['pattern_id']}  {row['template']}"
    if row["merged_into"]:
        yield f"  part of {row['merged_into']} now"
    told = {
        "domain": row["domain"], "found in": row["source"], "service": row["service"], "component": row["component"],
        "records": ", ".join(f"{n} {level}" for level, n in row["records"].items()),
        "seen": f"{_time(row['first_seen_unix_nano'])} to {_time(row['last_seen_unix_nano'])}" if row["count"] else "",
        "also under": ", ".join(row["aliases"][:8]),
    }  # fmt: skip
    yield from (f"  {name + ':':<12} {value}" for name, value in told.items() if value)
    parameters = row["parameters"] or {}
    for place, one in enumerate(parameters.get("wildcards", ()), 1):
        numbers = f", {one['least']:g} to {one['most']:g}" if one["least"] is not None else ""
        top = ", ".join(f"{value} ({n})" for value, n in one["top"][:6])
        yield f"  {f'<*> {place}:':<12} {one['kind']}, about {one['distinct']} values in {parameters['looks']} looks{numbers}: {top}"
    yield from (
        f"  {'sample:' if not at else '':<12} {line.splitlines()[0]}"
        for at, line in enumerate(row["samples"] or ())
        if line
    )


def _time(unix_nano: int | str | None) -> str:
    from collector.cli.moments import shown

    return shown(int(unix_nano) // 10**9) if unix_nano else ""
