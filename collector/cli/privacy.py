"""`logboom privacy`: erase what there is of a person, or of a domain, and see how far that is.

An erasure is a command to the owner of the domain's partition, which works it off over restarts. Where no logboom runs, it waits in the data
directory and is the first thing that the next one does.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from collector.cli.endings import misused, refuse, wrong_configuration
from collector.cli.plain_command import PlainCommand
from collector.cli.run import Configs
from collector.cli.store_path import DataDir
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from collector.control.record import ControlRecord
    from collector.privacy.tombstones import Tombstone

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="A JSON object a line.")]
Domain = Annotated[str, typer.Option(help="Whose records; no others are touched.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with what is done.")]
_HERE = Path("logboom-data")
_POLL_SECS = 0.25


@app.callback()
def options() -> None:
    """Personal data."""


@app.command(cls=PlainCommand)
def erase(
    domain: Domain,
    reason: Reason,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="The person: user.id=42, or a value alone for any of `service.privacy.subject_attributes`.",
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of the domain.")] = False,
    before: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only what was received before: 2027-01-31, 2027-01-31T12:00:00Z."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Also records whose texts hold the value as a word, under whatever name.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; change nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until every place has done what it can.")] = False,
    patience: Annotated[float, typer.Option(min=0, help="With --wait: at most so long.")] = 600.0,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Erase the records of a person, or all of a domain, wherever logboom can: what waits, dead letters, what components keep, destinations."""
    from collector.control.command import ERASE, command, user
    from collector.control.erasure import Asked, NoErasure
    from collector.control.record import Unfit

    if not reason.strip():
        misused("--reason: why, in words")
    try:
        asked = (
            Asked.subject(subject or "", before_unix_nano=_moment(before), in_texts=text, dry_run=dry_run)
            if not all_ and subject
            else Asked(value=subject or "", before_unix_nano=_moment(before), dry_run=dry_run, everything=all_)
        )
        whose = "all records" if all_ else "a person's records"
        record = command(
            ERASE,
            domain,
            asked.of_command(),
            who=user(),
            why=reason,
            body=f"{user()} asks to erase {whose} of {domain}",
        )
    except (NoErasure, Unfit) as problem:
        misused(str(problem))
    running = _hand_over(record, data_dir)
    if wait and not running:
        misused("--wait: no logboom runs here that would do it; it does so when it is started")
    if wait:
        _wait(record.id, data_dir, patience, json_)
    else:
        way = "is on its way" if running else "waits until logboom is started"
        typer.echo(
            visible(
                f"{'the count' if dry_run else 'the erasure'} {way} ({record.id}): `logboom privacy status` shows it"
            )
        )


@app.command(cls=PlainCommand)
def export(
    domain: Domain,
    reason: Reason,
    subject: Annotated[
        str,
        typer.Option(
            metavar="NAME=VALUE",
            help="The person: user.id=42, or a value alone for any of `service.privacy.subject_attributes`.",
        ),
    ],
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write it, 0600; FILE.manifest.json beside it.")
    ],
    config: Configs = None,
    text: Annotated[
        bool, typer.Option("--text", help="Also records whose texts hold the value as a word, under whatever name.")
    ] = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Write what there is of a person, from the places where `erase` looks, as OTLP JSON, a request a line. It is their own data:
    nothing of it is masked, and that it was written is told."""
    import orjson

    from collector.cli.defaults import chosen
    from collector.control.command import user
    from collector.control.erasure import Asked, NoErasure
    from collector.errors import ConfigError, LogboomError
    from collector.privacy.handed_out import HandedOut
    from collector.privacy.pseudonyms import Pseudonyms
    from collector.service.handing_out import asked_of, gather, told_of
    from collector.settings import load

    if not reason.strip():
        misused("--reason: why, in words")
    beside = output.with_name(f"{output.name}.manifest.json")
    try:
        settings = load(chosen(config))
        asked = Asked.subject(subject, in_texts=text)
        pseudonym = Pseudonyms(data_dir).of(domain, asked.value)
        erasure = asked_of(settings, domain, asked, pseudonym)
        with HandedOut(output, erasure) as out, HandedOut.private(beside) as manifest:
            gather(settings, data_dir.resolve(), erasure, out)
            said = {
                "domain": domain,
                "subject": pseudonym,
                "who": user(),
                "reason": reason,
                "made": _time(time.time_ns()),
            }
            manifest.write(orjson.dumps(out.manifest(said), option=orjson.OPT_INDENT_2) + b"\n")
        try:
            _hand_over(told_of(settings, domain, pseudonym, user(), reason, out), data_dir, wait=False)
        except typer.Exit:
            output.unlink()
            beside.unlink()
            raise
    except ConfigError as error:
        wrong_configuration(error)
    except NoErasure as problem:
        misused(str(problem))
    except FileExistsError as error:
        refuse(f"{error.filename} is there already: name another file")
    except (LogboomError, OSError) as error:
        refuse(str(error))
    missing = f"; not searched: {', '.join(out.not_searched)}" if out.not_searched else ""
    typer.echo(visible(f"{out.records} records written to {output}, and what is in it to {beside}{missing}"))


@app.command(cls=PlainCommand)
def status(
    id_: Annotated[str | None, typer.Argument(metavar="ID", help="One erasure, by its id.")] = None,
    domain: Annotated[str | None, typer.Option(help="Only this domain's.")] = None,
    config: Configs = None,
    json_: Json = False,
    data_dir: DataDir = _HERE,
) -> None:
    """Show what was erased, what is on its way, and what must be done elsewhere; with --config also what is under a legal hold."""
    from collector.backend.compacting import is_asked

    if config:
        _show_holds(config, domain, json_)
    found = [each for each in _tombstones(data_dir) if id_ in (None, each.id) and domain in (None, each.domain)]
    if id_ and not found:
        refuse(f"there is no erasure {id_} here: it is not carried out yet, or long ago")
    for each in found:
        _show(each, json_)
    if not found and not json_:
        typer.echo("nothing was erased")
    if is_asked(data_dir) and not json_:
        typer.echo(
            "journals and partitions are written anew at the next start: until then, free pages hold what was erased"
        )
    if id_ is None:
        _show_keys(data_dir, domain, json_)


def _show_keys(data_dir: Path, domain: str | None, json_: bool) -> None:
    """What is encrypted, with which keys."""
    from collector.encryption.place import KeyPlace
    from collector.encryption.status import key_status
    from collector.errors import LogboomError

    try:
        place = KeyPlace.remembered(data_dir)
        if place is None:
            return
        status = key_status(place)
    except LogboomError as error:
        refuse(str(error))
    own = [each for each in status.domains if domain in (None, each.domain)]
    if json_:
        typer.echo(visible_json({"keys": asdict(status) | {"domains": [asdict(each) for each in own]}}))
        return
    typer.echo(visible(f"encrypted with the keys in {status.file}, master key {status.master} from {status.source}"))
    for each in own:
        since = f"since {_time(each.oldest * 10**9)}" if each.data_keys else "none"
        typer.echo(visible(f"  {each.domain:<28} {each.data_keys} data keys, {since}; {each.destroyed} destroyed"))


def _show_holds(config: list[str], domain: str | None, json_: bool) -> None:
    """Each hold of a configuration."""
    from collector.errors import ConfigError
    from collector.settings import load
    from collector.settings.privacy import described

    try:
        settings = load(config)
    except ConfigError as error:
        wrong_configuration(error)
    for hold in described(settings.service.privacy.standing()):
        if domain not in (None, hold["domain"]):
            continue
        if json_:
            typer.echo(visible_json({"hold": hold}))
            continue
        levels = f" ({', '.join(hold['levels'])})" if hold["levels"] else ""
        until = f" until {hold['until']}" if hold["until"] else ""
        state = "held" if hold["stands"] else "no longer held"
        typer.echo(visible(f"{hold['domain']}{levels} is {state}{until}: {hold['reason']}"))


def _hand_over(record: ControlRecord, data_dir: Path, *, wait: bool = True) -> bool:
    """Whether a logboom runs that has it now; ends the program where it is not taken."""
    from collector.backend.data_dir import owner_of
    from collector.control.asking import MOST_WAIT_SECS, NotRunning, NotTaken, ask
    from collector.control.handing_in import hand_in
    from collector.errors import LogboomError

    try:
        if not owner_of(data_dir):
            hand_in(data_dir, record)
            return False
        told = ask(data_dir, record, MOST_WAIT_SECS if wait else 0.0)
    except (NotRunning, NotTaken, LogboomError) as problem:
        refuse(str(problem))
    refused = next((each for each in told.settled if not each.applied), None)
    if refused is not None:
        refuse(refused.reason)
    return True


def _wait(id_: str, data_dir: Path, patience: float, json_: bool) -> None:
    """Ends the program with 1 where a place has not done what it can in time."""
    deadline = time.monotonic() + patience
    while True:
        found = next((each for each in _tombstones(data_dir) if each.id == id_), None)
        if found is not None and found.ended_unix_nano:
            _show(found, json_)
            return
        if time.monotonic() > deadline:
            if found is not None:
                _show(found, json_)
            refuse("it is not done yet, and goes on: `logboom privacy status` shows it")
        time.sleep(_POLL_SECS)


def _tombstones(data_dir: Path) -> list[Tombstone]:
    """All that are kept, the oldest first."""
    from contextlib import closing

    from collector.cluster.offline import view_of
    from collector.errors import LogboomError
    from collector.privacy.tombstones import KEEPER, PREFIX, Tombstone

    try:
        with closing(view_of(data_dir)) as view:
            found = [Tombstone.decoded(data) for data in view.kept(KEEPER, PREFIX)]
    except LogboomError as error:
        refuse(str(error))
    return sorted(found, key=lambda each: each.asked_unix_nano)


def _show(tombstone: Tombstone, json_: bool) -> None:
    if json_:
        typer.echo(visible_json(_told(tombstone)))
        return
    whose = f"subject {tombstone.pseudonym}" if tombstone.pseudonym else "all"
    kind = "counted" if tombstone.counts_only else "erased"
    state = f"{kind} {_time(tombstone.ended_unix_nano)}" if tombstone.ended_unix_nano else "under way"
    typer.echo(visible(f"{tombstone.id}  {tombstone.domain}  {whose}: {state}, {tombstone.records} records"))
    typer.echo(visible(f"  asked by {tombstone.who} at {_time(tombstone.asked_unix_nano)}: {tombstone.why}"))
    for name, place in tombstone.places.items():
        said = f": {place.said}" if place.said else ""
        typer.echo(visible(f"  {name:<28} {place.stage:<7} {place.records:>8} records{said}"))


def _told(tombstone: Tombstone) -> dict[str, object]:
    """For programs; never the value itself."""
    return {
        "id": tombstone.id,
        "domain": tombstone.domain,
        "subject": tombstone.pseudonym,
        "all": tombstone.of_domain,
        "dry_run": tombstone.counts_only,
        "who": tombstone.who,
        "reason": tombstone.why,
        "asked_unix_nano": tombstone.asked_unix_nano,
        "before_unix_nano": tombstone.before_unix_nano,
        "ended_unix_nano": tombstone.ended_unix_nano,
        "records": tombstone.records,
        "places": {
            name: {"state": str(place.stage), "records": place.records, "said": place.said, "unseen": place.unseen}
            for name, place in tombstone.places.items()
        },
    }


def _time(unix_nano: int) -> str:
    return datetime.fromtimestamp(unix_nano / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _moment(given: str | None) -> int:
    from collector.moments import moment

    if given is None:
        return 0
    try:
        return moment(given, time.time()) * 10**9
    except ValueError as problem:
        _wrong_time(str(problem))


def _wrong_time(problem: str) -> NoReturn:
    misused(f"--before: {problem}")
