"""`logboom limits`: how much each domain and credential may send, and how much of it is used now."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from collector.cli.defaults import chosen
from collector.cli.endings import wrong_configuration
from collector.cli.plain_command import PlainCommand
from collector.cli.run import Configs, Sets
from collector.cli.store_path import DataDir
from collector.domains.rate_table import FILE, UNITS, RateTable, name_of
from collector.errors import ConfigError

if TYPE_CHECKING:
    from collector.domains.limits import LimitRules, Rates

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


class Line(NamedTuple):
    """A limit: `used` 0 = a whole burst is free, 1 = what comes now is refused; more was borrowed."""

    domain: str
    key: str
    unit: str
    per_second: float
    burst_secs: float
    used: float


@app.callback()
def limits() -> None:
    """How much each domain and credential may send."""


@app.command(cls=PlainCommand)
def show(
    config: Configs = None,
    set_: Sets = None,
    data_dir: DataDir = Path("logboom-data"),
    json_: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Every limit, and how much of its burst is used at this moment."""
    from collector.settings import load

    try:
        domains = load(chosen(config), set_ or []).service.domains
    except ConfigError as error:
        wrong_configuration(error)
    rules, path = domains.limits.rules(), data_dir / FILE
    table = RateTable(path) if path.exists() else None
    lines = list(_lines(rules, _names([*domains.served(), *rules.overrides], data_dir), data_dir, table))
    if json_:
        for line in lines:
            typer.echo(json.dumps(line._asdict()))
    else:
        _print_table(lines)


def _names(named: Sequence[str], data_dir: Path) -> list[str]:
    return list(dict.fromkeys([*named, *(domain for domain, _, _ in _keys(data_dir))]))


def _keys(data_dir: Path) -> list[tuple[str, str, Rates]]:
    """(domain, id, own limits) of each API key."""
    from collector.domains.key_store import FILE as KEYS
    from collector.domains.key_store import KeyStore

    return [(key.domain, key.id, key.limit) for key in KeyStore(data_dir / KEYS).all()]


def _lines(rules: LimitRules, domains: Sequence[str], data_dir: Path, table: RateTable | None) -> Iterator[Line]:
    for domain in domains:
        yield from _of(domain, "", rules.of_domain(domain), name_of("domain", domain), rules.burst_secs, table)
    for domain, key, own in _keys(data_dir):
        yield from _of(domain, key, rules.of_key(own), name_of("key", domain, key), rules.burst_secs, table)


def _of(domain: str, key: str, rates: Rates, name: bytes, burst: float, table: RateTable | None) -> Iterator[Line]:
    ahead = table.ahead(name) if table is not None else [0.0] * len(UNITS)
    for unit, rate in sorted(rates.items()):
        secs = ahead[UNITS.index(unit)]
        yield Line(domain, key, unit, rate, burst, round(secs / burst, 3) if burst else float(secs > 0))


def _print_table(lines: Sequence[Line]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from collector.visible import visible

    if not lines:
        typer.echo("no limits: service.domains.limits sets them")
        return
    table = Table("domain", "credential", "unit", "a second", "burst", "used now", box=None, header_style="bold")
    for line in lines:
        row = (line.domain, line.key, line.unit, f"{line.per_second:g}", f"{line.burst_secs:g} s", f"{line.used:.0%}")
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
