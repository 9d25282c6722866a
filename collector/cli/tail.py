"""`logboom tail`: new records as they are stored."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.d1_store import d1_store, is_d1
from collector.cli.endings import no_store, refuse
from collector.cli.noted_reading import note_reading
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile, store_path
from collector.scope import Scope
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from rich.text import Text

    from collector.cli.d1_store import D1Store
    from collector.store.following import Wanted

Row = sqlite3.Row | Mapping[str, Any]
Show = Callable[[Iterable[Row]], None]

_STYLES = {"critical": "bold red", "warning": "yellow", "info": "green", "debug": "dim"}
_TRACE_LINES = 3
_D1_SECS = 2.0
"""Between two looks at D1, each a call of the token's 1,200 in five minutes."""


class Level(StrEnum):
    """Triage levels, most urgent first."""

    critical = "critical"
    warning = "warning"
    info = "info"
    debug = "debug"


def tail(
    domain: Domain = None,
    level: Annotated[Level | None, typer.Option(help="This triage level and the more urgent ones.")] = None,
    service: Annotated[str | None, typer.Option(help="Only this service.name.")] = None,
    component: Annotated[str | None, typer.Option(help="Only this component.")] = None,
    query: Annotated[
        str, typer.Option("--query", "-q", help="Only what a query takes, as `logboom search` does.")
    ] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Stored records to begin with.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on with new records until Ctrl-C.")] = True,
    json_: Annotated[bool, typer.Option("--json", help="Every column, a JSON object a line.")] = False,
    interval: Annotated[float, typer.Option(min=0.01, help="Seconds between two looks.")] = 0.2,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """Follow the embedded store: every new record once, in the order in which it was stored.

    \b
    What goes wrong anywhere:        logboom tail --level warning
    One service of one domain:       logboom tail --domain tamyla.com --service checkout
    Failed requests of it:           logboom tail -q 'service:checkout @http.response.status_code:>=500'
    Into another tool:               logboom tail --json -n 0 | jq .body
    """
    from collector.cli.asked_query import asked
    from collector.query.shape import shape_of as query_shape
    from collector.store.following import Follower, Question, Wanted
    from collector.store.reading import NoStore

    show = show_json if json_ else show_lines
    wanted = Wanted(
        Scope.chosen(domain), level, service, component, Question(*asked(query).filtering()) if query else None
    )
    try:
        note_reading(data_dir, wanted.scope, f"tail {query_shape(query)}".strip(), query)
        if store is not None and is_d1(store):
            with d1_store(store, config or [], domain, data_dir) as d1:
                _follow_d1(d1, wanted, lines, follow, max(interval, _D1_SECS), show)
            return
        follower = Follower(store_path(data_dir, store), wanted)
        try:
            show(follower.backlog(lines))
            while follow:
                show(follower.fresh())
                time.sleep(interval)
        finally:
            follower.close()
    except NoStore as error:
        no_store(str(error))
    except sqlite3.Error as error:
        refuse(f"the store can't be read: {error}")
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _follow_d1(d1: D1Store, wanted: Wanted, lines: int, follow: bool, interval: float, show: Show) -> None:
    from collector.store.d1_reading import D1Follower

    follower = D1Follower(d1.database, wanted)
    d1.wait(follower.start())
    show(d1.wait(follower.backlog(lines)))
    while follow:
        show(d1.wait(follower.fresh()))
        time.sleep(interval)


def show_json(rows: Iterable[Row]) -> None:
    """Every column, an object a line."""
    for row in rows:
        sys.stdout.write(visible_json({name: row[name] for name in row.keys() if name != "rowid"}) + "\n")  # noqa: SIM118
    sys.stdout.flush()


def show_lines(rows: Iterable[Row]) -> None:
    """A line each, for people."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False)
    for row in rows:
        console.print(line(row))


def line(row: Row) -> Text:
    """One record: time, level, who, what; of a stack trace only the first lines."""
    from rich.text import Text

    level = str(row["level"])
    who = [row[name] for name in ("domain", "service_name", "component", "endpoint")]
    text = Text()
    text.append(_clock(row["time_unix_nano"] or row["observed_time_unix_nano"]), "dim")
    text.append(f" {level:8} ", _STYLES.get(level, ""))
    text.append(visible(" ".join(part for part in who if part)), "cyan")
    message, *more = _message(row).replace("\r\n", "\n").rstrip("\n").split("\n")
    text.append(f"  {visible(message)}")
    for extra in more[:_TRACE_LINES]:
        text.append(f"\n    {visible(extra)}", "dim")
    if len(more) > _TRACE_LINES:
        text.append(f"\n    … {len(more) - _TRACE_LINES} more lines (--json has all)", "dim italic")
    return text


def _message(row: Row) -> str:
    """The body, or the event's name; with it the exception that came in attributes."""
    import orjson

    text = row["body"] or row["event_name"] or ""
    attributes: dict[str, Any] = orjson.loads(row["attributes"]) if "exception." in row["attributes"] else {}
    kind, said = attributes.get("exception.type"), attributes.get("exception.message")
    named = ": ".join(str(part) for part in (kind, said) if part and str(part) not in text)
    trace = attributes.get("exception.stacktrace")
    return "\n".join(part for part in (f"{text} [{named}]" if named else text, trace) if isinstance(part, str))


def _clock(unix_nano: int) -> str:
    """Local time of day to the millisecond, with the date when it is not today's."""
    try:
        moment = datetime.fromtimestamp(unix_nano // 1_000_000 / 1000, UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return "(no time)"
    day = "" if moment.date() == datetime.now(UTC).astimezone().date() else moment.strftime("%Y-%m-%d ")
    return day + moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03}"
