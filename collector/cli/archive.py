"""`logboom archive`: what an archive holds, whether it is whole, and the way back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.archive_keys import KeyConfig, keys_of, say_what_stays_sealed
from collector.cli.endings import FAILED, misused, refuse
from collector.cli.noted_reading import note_reading
from collector.cli.plain_command import PlainCommand
from collector.cli.store_path import DataDir
from collector.scope import Scope

if TYPE_CHECKING:
    from collector.archive.catalog import Listed
    from collector.archive.reading import Archive
    from collector.archive.restoring import Restored, Take
    from collector.batch import LogBatch
    from collector.encryption import Keys

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Place = Annotated[str, typer.Argument(help="A folder, or s3://bucket/prefix, gs://… or az://… (extra `archive`).")]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="Of the object storage: endpoint=https://…; credentials: AWS_ACCESS_KEY_ID …"),
]
Json = Annotated[bool, typer.Option("--json", help="A JSON object a line.")]
Domain = Annotated[str | None, typer.Option(help="Only this domain's; all without it.")]
Since = Annotated[str, typer.Option("--from", help="A date, or how long ago, such as 90d.")]
Until = Annotated[str, typer.Option("--to", metavar="TIME", help="To when: a date, or how long ago; now without it.")]
_EVER = "1970-01-01"


@app.command("list", cls=PlainCommand)
def list_(
    place: Place, domain: Domain = None, since: Since = _EVER, until: Until = "0s", option: Options = None, json_: Json = False
) -> None:  # fmt: skip
    """List the objects, with the records within and the time that they are of."""
    found = False
    with opened_archive(place, option) as archive:
        for listed in _objects(archive, domain, since, until):
            found = True
            footer = archive.catalog.footer(listed)
            row = _row(listed) | {"records": footer.records}
            typer.echo(json.dumps(row) if json_ else f"{row['records']:>12,}  {row['bytes']:>14,} B  {row['object']}")
    if not found:
        _nothing(json_)


@app.command(cls=PlainCommand)
def verify(
    place: Place, domain: Domain = None, since: Since = _EVER, until: Until = "0s", option: Options = None, json_: Json = False
) -> None:  # fmt: skip
    """Read every object, and compare it with its checksums, its counts, and what its name says.

    Exit code 1 when one is damaged, or none is there.
    """
    from collector.archive.writing import ArchiveError

    objects = records = damaged = 0
    with opened_archive(place, option) as archive:
        for listed in _objects(archive, domain, since, until):
            objects += 1
            try:
                said: dict[str, object] = {"ok": True, "records": (footer := archive.verify(listed)).records}
                records += footer.records
            except ArchiveError as error:
                damaged += 1
                said = {"ok": False, "problem": str(error)}
            if json_:
                typer.echo(json.dumps(_row(listed) | said))
            elif not said["ok"]:
                typer.echo(said["problem"])
    if not json_:
        typer.echo(f"{objects:,} objects, {records:,} records; {damaged:,} damaged")
    if damaged or not objects:
        raise typer.Exit(FAILED)


@app.command(cls=PlainCommand)
def restore(
    place: Place,
    domain: Annotated[str, typer.Option(help="Whose records.")],
    since: Since,
    until: Until = "0s",
    where: Annotated[
        str, typer.Option(metavar="QUERY", help="Only what a query takes, as `logboom search` does.")
    ] = "",
    store: Annotated[Path | None, typer.Option(help="Into this store's file; made if there is none.")] = None,
    endpoint: Annotated[
        str, typer.Option(help="Or as OTLP to a receiver, host:port: through its pipeline, as new records.")
    ] = "",
    header: Annotated[
        str, typer.Option(help="With --endpoint: the header that names the domain.")
    ] = "x-logboom-domain",
    option: Options = None,
    json_: Json = False,
    data_dir: DataDir = Path("logboom-data"),
    config: KeyConfig = None,
) -> None:
    """Bring archived records back, into a store or through a pipeline.

    In a store each is there once, under its own id, as it was; nobody is alerted and no issue is made. Killed or done again, it adds what is
    missing. A store that an exporter `sqlite` keeps deletes what is older than its retention: restore into a file of its own, and read that:

    \b
      logboom archive restore s3://acme-logs/archive --domain shop.example --from 2025-03-01 --to 2025-03-08 --store march.db
      logboom search --store march.db 'level:critical' --since 2025-03-01

    Through a pipeline (--endpoint) they are records like others that are sent: with new ids, judged and delivered as its configuration says.

    What is encrypted is opened with the keys of --data-dir, or of --config; where they are not, or were destroyed, it comes back encrypted.
    """
    from collector.archive import restoring
    from collector.cli.asked_query import asked

    if (store is None) == (not endpoint):
        misused("say where they are to go: --store FILE, or --endpoint HOST:PORT")
    first, last = _span(since, until)
    wanted = restoring.Asked(domain, first, last, asked(where))
    note_reading(data_dir, Scope.of(domain), "archive restore", where)
    keys = keys_of(data_dir, config)
    with opened_archive(place, option, keys) as archive, _taking(store, endpoint, header, domain) as take:
        done = restoring.restore(archive, wanted, take, _progress)
    say_what_stays_sealed(archive)
    _say(done, json_, sent=bool(endpoint))
    if done.damaged or not done.records:
        raise typer.Exit(FAILED)


@contextmanager
def opened_archive(place: str, option: Sequence[str] | None, keys: Keys | None = None) -> Iterator[Archive]:
    """The archive, and what opens it; ends the command with a sentence where it can't be read."""
    from collector.archive.reading import open_archive
    from collector.errors import LogboomError

    options = dict(each.split("=", 1) for each in option or [] if "=" in each)
    if len(options) != len(option or []):
        misused("--option takes KEY=VALUE, each key once")
    if "://" not in place and not Path(place).is_dir():
        refuse(f"there is no folder {place}")
    try:
        yield open_archive(place, options, keys)
    except LogboomError as error:
        refuse(str(error))


def _span(since: str, until: str) -> tuple[int, int]:
    from collector.cli.reading_store import past

    first, last = past(since), past(until)
    if first >= last:
        misused("it ends before it begins: --from is later than --to")
    return first, last


def _objects(archive: Archive, domain: str | None, since: str, until: str) -> Iterator[Listed]:
    first, last = _span(since, until)
    for name in [domain] if domain is not None else archive.domains():
        yield from archive.objects(name, first, last)


@contextmanager
def _taking(store: Path | None, endpoint: str, header: str, domain: str) -> Iterator[Take]:
    from collector.archive.restoring import into
    from collector.store.embedded import EmbeddedStore

    if store is None:
        with _sending(endpoint, header, domain) as send:
            yield send
        return
    kept = EmbeddedStore(store, busy_timeout_secs=30.0)
    try:
        kept.open()
        yield into(kept)
    finally:
        kept.close()


@contextmanager
def _sending(endpoint: str, header: str, domain: str) -> Iterator[Callable[[LogBatch], int]]:
    from collector.cli.traffic.client import GrpcClient, send_until_acknowledged
    from otlp_wire import encode

    client = GrpcClient(endpoint, gzip=False, header=header)

    def take(batch: LogBatch) -> int:
        sent = batch if batch.generation is None else batch.filter(batch.generation == 0)
        problem = send_until_acknowledged(client, encode(sent), domain, 30.0) if len(sent) else ""
        if problem:
            refuse(f"{endpoint} did not take them: {problem}")
        return len(sent)

    try:
        yield take
    finally:
        client.close()


def _row(listed: Listed) -> dict[str, object]:
    place = listed.name.place
    hour = datetime.fromtimestamp(place.hour * 3600, UTC).strftime("%Y-%m-%dT%H:00:00Z")
    return {
        "object": listed.path,
        "domain": place.domain,
        "hour": hour,
        "levels": list(place.levels),
        "bytes": listed.size,
    }


def _progress(done: Restored) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done.objects:,} objects, {done.records:,} records ")


def _say(done: Restored, json_: bool, *, sent: bool) -> None:
    for sentence in done.damaged:
        typer.echo(f"warning: {sentence}", err=True)
    if json_:
        typer.echo(json.dumps(asdict(done)))
        return
    verb = "were sent" if sent else "were new"
    typer.echo(f"{done.objects:,} objects, {done.records:,} records, of which {done.new:,} {verb}")


def _nothing(json_: bool) -> None:
    if not json_:
        typer.echo("no objects")
    raise typer.Exit(FAILED)
