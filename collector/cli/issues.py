"""`logboom issues`: what goes wrong, and what is done about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.d1_store import is_d1
from collector.cli.endings import misused, refuse
from collector.cli.issue_changes import HERE, Id, Json, add_to
from collector.cli.plain_command import PlainCommand
from collector.cli.reading_store import past, reading
from collector.cli.store_path import DataDir, Domain, StoreConfig, StoreFile
from collector.scope import Scope
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from collector.causes.explaining import Explained
    from collector.store.issue_reading import Whole
    from collector.store.reading import Readable

_MOST_OF_D1 = 2000

app = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)

States = Annotated[
    list[str] | None, typer.Option("--state", help="Only in this state, or `all`; open ones without it.")
]
Since = Annotated[str, typer.Option(help="Seen within this time, such as 12h or 7d, or since a date.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]


@app.callback()
def options(context: typer.Context) -> None:
    """Issues: errors by their cause. Without a subcommand: the open ones."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list", cls=PlainCommand)
def list_(
    domain: Domain = None,
    state: States = None,
    since: Since = "30d",
    limit: Most = 50,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """List issues, the most urgent first."""
    from collector.cli.issue_views import table
    from collector.store.issue_reading import OPEN, STATES, listed

    states = STATES if state and "all" in state else tuple(state or OPEN)
    unknown = [name for name in states if name not in STATES]
    if unknown:
        misused(f"there is no state {unknown[0]!r}; there is {', '.join(STATES)}, all")
    with issues_of(data_dir, store, domain, config) as connection:
        rows = listed(connection, states, past(since), limit)
    if json_:
        sys.stdout.write("".join(visible_json(row) + "\n" for row in rows))
    else:
        typer.echo(table(rows) if rows else "no issues")


@app.command(cls=PlainCommand)
def show(
    id_: Id,
    domain: Domain = None,
    json_: Json = False,
    data_dir: DataDir = HERE,
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """Show all of an issue: trend, who is affected, samples, why it is one, what changed and where to look, what happened to it."""
    from collector.cli.issue_views import as_object, page

    found, explained = _known(id_, domain, data_dir, store, config)
    typer.echo(visible_json(as_object(found, explained)) if json_ else page(found, explained))


@app.command(cls=PlainCommand)
def brief(
    id_: Id, domain: Domain = None, data_dir: DataDir = HERE, store: StoreFile = None, config: StoreConfig = None
) -> None:
    """Show an issue as a language model or an agent is shown it: JSON, redacted, bounded."""
    from collector.causes.briefing import briefing

    found, explained = _known(id_, domain, data_dir, store, config)
    row = {**found.issue, "variants": found.variants, "trend": found.hours}
    typer.echo(visible_json(briefing(row, found.activity, explained).document))


def _known(
    id_: str, domain: str | None, data_dir: Path, store: Path | None, config: list[str] | None
) -> tuple[Whole, Explained | None]:
    """All that the store knows of an issue. Of D1, which bills what is read, fewer records are looked at for its cause."""
    from collector.causes.explaining import MOST_RECORDS, explain_issue
    from collector.store.issue_reading import whole

    most = _MOST_OF_D1 if store is not None and is_d1(store) else MOST_RECORDS
    with issues_of(data_dir, store, domain, config) as connection:
        found = whole(connection, one(connection, id_))
        return found, explain_issue(connection, found.issue["domain"], found.issue["issue_id"], most)


def one(connection: Readable, id_: str) -> dict[str, Any]:
    """The issue that is meant; ends the program with a sentence when there is none."""
    from collector.store.issue_reading import Ambiguous, found

    try:
        issue = found(connection, id_)
    except Ambiguous as problem:
        misused(str(problem))
    if issue is None:
        refuse(f"there is no issue {visible(id_)} (`logboom issues list --state all` shows them)")
    return issue


def issues_of(
    data_dir: Path, store: Path | None, domain: str | None, config: list[str] | None = None
) -> AbstractContextManager[Readable]:
    """The store, for one domain or all; ends the program with a sentence when there is none."""
    return reading(data_dir, store, Scope.chosen(domain), "issues", config)


add_to(app)
