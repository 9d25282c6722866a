"""`logboom limits`: how much each domain and credential may send, and how much of it is used now."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from collector.cli.defaults import chosen
from collector.cli.endings import wrong_configuration
from collector.cli.plain_command import PlainCommand
from collector.cli.run import Configs, Sets
from collector.cli.store_path import DataDir
from collector.domains.costs import FILE as COSTS
from collector.domains.costs import SpentFile
from collector.domains.quotas import FOLDER, taken_today
from collector.domains.rate_table import FILE, UNITS, RateTable, name_of
from collector.errors import ConfigError

if TYPE_CHECKING:
    from collector.domains.costs import CostRules
    from collector.domains.limits import LimitRules, Rates
    from collector.domains.quotas import QuotaRules

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


class Line(NamedTuple):
    """A limit: `used` 0 = a whole burst (or day) is free, 1 = what comes now is refused; more was borrowed.

    Args:
        unit: `records_per_second`, `bytes_per_day`, …
        most: so many.
        burst_secs: so many seconds of a rate at once; 0 with quotas of a day.
    """

    domain: str
    key: str
    unit: str
    most: float
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
    """Every limit, and how much of its burst is used at this moment; every quota, and how much of it was used today (UTC)."""
    from collector.settings import load

    try:
        service = load(chosen(config), set_ or []).service
    except ConfigError as error:
        wrong_configuration(error)
    rules, path = service.domains.limits.rules(), data_dir / FILE
    quotas = service.domains.quotas.rules()
    table = RateTable(path) if path.exists() else None
    names = _names([*service.domains.served(), *rules.overrides, *quotas.overrides], data_dir)
    lines = [
        *_lines(rules, names, data_dir, table), *_days(quotas, names, data_dir / FOLDER),
        *_budgets(service.domains.costs.rules({}), names, data_dir / COSTS),
    ]  # fmt: skip
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
        yield Line(domain, key, f"{unit}_per_second", rate, burst, round(secs / burst, 3) if burst else float(secs > 0))


def _days(rules: QuotaRules, domains: Sequence[str], folder: Path) -> Iterator[Line]:
    """Quotas of the day, and what all processes took of them."""
    for domain in domains:
        if most := rules.of_domain(domain):
            taken = taken_today(folder, domain, int(time.time()) // 86_400)._asdict()
            for unit, number in sorted(most.items()):
                yield Line(domain, "", f"{unit}_per_day", number, 0.0, round(taken[unit] / number, 3))


def _budgets(rules: CostRules, domains: Sequence[str], path: Path) -> Iterator[Line]:
    """Budgets, and what was spent of them."""
    file, now = SpentFile(path), time.time()
    file.look()
    for domain in dict.fromkeys([*domains, *rules.overrides]):
        spent = file.spent(domain, now)._asdict()
        for period, most in sorted(rules.of_domain(domain).items()):
            yield Line(domain, "", f"cost_per_{period}", most, 0.0, round(spent[period] / most, 3))


def _print_table(lines: Sequence[Line]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from collector.visible import visible

    if not lines:
        typer.echo("no limits: service.domains.limits, .quotas and .costs set them")
        return
    table = Table("domain", "credential", "unit", "most", "burst", "used", box=None, header_style="bold")
    for line in lines:
        row = (
            line.domain,
            line.key,
            line.unit,
            f"{line.most:.12g}",
            f"{line.burst_secs:g} s" if line.burst_secs else "",
            f"{line.used:.0%}",
        )
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
