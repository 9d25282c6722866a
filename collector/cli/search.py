"""`logboom search`: stored records that a query takes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.archive import Options, opened_archive
from collector.cli.archive_keys import keys_of, say_what_stays_sealed
from collector.cli.asked_query import asked
from collector.cli.endings import FAILED, misused
from collector.cli.noted_reading import note_reading
from collector.cli.reading_store import past, reading
from collector.cli.store_path import DataDir, Domain, StoreFile
from collector.cli.tail import show_json, show_lines
from collector.scope import Scope

if TYPE_CHECKING:
    from collector.encryption import Keys
    from collector.query.searching import Found, Wanted


def search(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="What is looked for; all of it without one.")
    ] = None,
    since: Annotated[str, typer.Option(help="How long, such as 15m or 7d, or since a date.")] = "24h",
    until: Annotated[
        str, typer.Option(metavar="TIME", help="To when: a date, or how long ago; now without it.")
    ] = "0s",
    domain: Domain = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="So many, the newest.")] = 100,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that are searched; 0 = all of the time asked for, however long.")
    ] = 10.0,
    events: Annotated[bool, typer.Option(help="Also what components made: issues, anomalies, notifications.")] = False,
    count: Annotated[bool, typer.Option("--count", help="How many, by level, instead of which.")] = False,
    by: Annotated[
        str, typer.Option(metavar="FIELD", help="How many, by the values of a field: service, @http.route.")
    ] = "",
    json_: Annotated[bool, typer.Option("--json", help="Every column, a JSON object a line.")] = False,
    archive: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Look into an archive instead: a folder, s3://… (see `logboom archive --help`)."
        ),
    ] = "",
    option: Options = None,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    config: Annotated[
        list[str] | None,
        typer.Option(
            "--config", "-c", help="With `--store d1`: where its account stands; with --archive: where its keys are."
        ),
    ] = None,
) -> None:
    """Find stored records: the newest that a query takes, shown by time.

    \b
    Text of the body:            logboom search timeout '"card declined"'
    Fields, levels:              logboom search 'level:>=warning service:(shop OR till) -component:Health*'
    Attributes, numbers:         logboom search '@http.response.status_code:>=500 resource.k8s.pod.name:shop-*' --since 2h
    How many, of which service:  logboom search 'level:>=warning' --by service --since 7d
    Words of several arguments are one query. The language: collector/query/README.md.
    """
    from collector.cli.counting import counted
    from collector.query.searching import Wanted
    from collector.query.searching import search as searched
    from collector.query.summing import Asked

    now = time.time()
    from_, to = past(since, now), past(until, now)
    if from_ >= to:
        misused("it ends before it begins: --since is later than --until")
    scope, parsed = Scope.chosen(domain), asked(" ".join(query or []))
    if archive:
        if count or by:
            misused("--count and --by are of a store; an archive counts with `logboom query --archive`")
        note_reading(data_dir, scope, "archive search", parsed.text)
        _show(
            _archived(
                archive,
                option,
                Wanted(parsed, scope, from_, to, limit, events=events),
                timeout,
                keys_of(data_dir, config),
            ),
            limit,
            timeout,
            json_,
        )
        return
    if count or by:
        with reading(data_dir, store, scope, "records", config) as connection:
            counted(connection, Asked(parsed, scope, from_, to), by or "level", limit, timeout, json_=json_)
        return
    wanted = Wanted(parsed, scope, from_, to, limit, events=events)
    with reading(data_dir, store, scope, "records", config) as connection:
        found = searched(connection, wanted, timeout)
    _show(found, limit, timeout, json_)


def _archived(place: str, option: list[str] | None, wanted: Wanted, timeout: float, keys: Keys | None) -> Found:
    from collector.archive.searching import Budget, search_archive

    with opened_archive(place, option, keys) as archive:
        searched = search_archive(archive, wanted, Budget(timeout))
    say_what_stays_sealed(archive)
    for sentence in searched.damaged:
        typer.echo(f"warning: {sentence}", err=True)
    return searched.found


def _show(found: Found, limit: int, timeout: float, json_: bool) -> None:
    (show_json if json_ else show_lines)(reversed(found.rows))
    _say_what_is_left(found, limit, timeout)
    if not found.rows:
        raise typer.Exit(FAILED)


def _say_what_is_left(found: Found, limit: int, timeout: float) -> None:
    at = _shown(found.searched_to)
    if found.next is not None:
        typer.echo(f"the newest {limit}; older ones: --until {at}, or a larger --limit", err=True)
    elif not found.complete:
        typer.echo(f"searched back to {at} in {timeout:g} s; go on with --until {at}, or --timeout 0", err=True)
    elif not found.rows:
        typer.echo("nothing found", err=True)


def _shown(unix_nano: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(-(-unix_nano // 10**9)))
