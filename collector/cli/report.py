"""`logboom report`: what a week brought."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.endings import misused, wrong_configuration
from collector.cli.reading_store import past, reading
from collector.cli.store_path import DataDir, StoreConfig, StoreFile
from collector.scope import Scope
from collector.visible import visible_json


class Format(StrEnum):
    """How a report is written."""

    text = "text"
    markdown = "markdown"
    html = "html"
    json = "json"


def report(
    since: Annotated[str, typer.Option(help="How long, such as 24h or 7d, or since a date.")] = "7d",
    until: Annotated[str, typer.Option(help="To when: a date, or how long ago; now without it.")] = "0s",
    domain: Annotated[list[str] | None, typer.Option(help="Only these domains.")] = None,
    format_: Annotated[Format, typer.Option("--format", "-f", help="How it is written.")] = Format.text,
    json_: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    data_dir: DataDir = Path("logboom-data"),
    store: StoreFile = None,
    config: StoreConfig = None,
) -> None:
    """Tell what a period brought: records by level and what changed against the period before, how long issues stood until somebody
    acknowledged and resolved them, the top issues with their causes, new patterns, noisy services, what was kept of each domain and what it costs
    (prices of `--config`), what destinations billed.

    \b
    The last week, for a terminal:     logboom report
    A page to send around:             logboom report --format html > week.html
    One domain's day, for a chat:      logboom report --since 1d --domain tamyla.com -f markdown
    """
    from collector.store import report_views
    from collector.store.report_reading import report as reported

    now = time.time()
    from_, to = past(since, now), past(until, now)
    if from_ >= to:
        misused("the report ends before it begins: --since is later than --until")
    scope = Scope.everything() if not domain else Scope.of(*domain)
    price, spent = _price(config or []), _spent(data_dir, scope, now)
    with reading(data_dir, store, scope, "reports", config) as connection:
        made = reported(connection, from_, to, sorted(domain) if domain else None, price=price, spent=spent)
    match Format.json if json_ else format_:
        case Format.json:
            text = visible_json(made.document()) + "\n"
        case Format.html:
            text = report_views.as_html(made)
        case Format.markdown:
            text = report_views.as_markdown(made)
        case _:
            text = report_views.as_text(made)
    sys.stdout.write(text)


def _price(configs: list[str]) -> float:
    """Of a million records, as the configuration says; 0 without one."""
    if not configs:
        return 0.0
    from collector.errors import ConfigError
    from collector.settings import load
    from collector.settings.cost_rules import price_of_a_million

    try:
        return price_of_a_million(load(configs, []))
    except ConfigError as error:
        wrong_configuration(error)


def _spent(data_dir: Path, scope: Scope, now: float) -> dict[str, tuple[float, float]]:
    """Domain → today, this month; of the book that the service keeps where something is billed."""
    from collector.domains.costs import FILE, SpentFile

    book = SpentFile(data_dir / FILE)
    book.look()
    return {domain: book.spent(domain, now) for domain in book.domains() if domain in scope}
