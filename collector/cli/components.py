"""`logboom components`: what this installation can run."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from collector.cli.endings import wrong_configuration
from collector.component import Factory, Kind
from collector.errors import ConfigError
from collector.registry import Registry, default_registry

_PROVIDERS = ("env", "file", "yaml")


class Format(StrEnum):
    """How to print."""

    TABLE = "table"
    YAML = "yaml"
    JSON = "json"


def components(
    form: Annotated[
        Format | None, typer.Option("--format", help="Default: table on a terminal, YAML into a pipe.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """List every component of this installation, plugins included."""
    try:
        _print(default_registry(), Format.JSON if json_ else form)
    except ConfigError as error:  # a plugin that can't be loaded
        wrong_configuration(error)


def _print(registry: Registry, form: Format | None) -> None:
    if form is Format.JSON:
        sys.stdout.write(json.dumps(listing(registry)) + "\n")
        return
    if form is Format.YAML or (form is None and not sys.stdout.isatty()):
        import yaml

        yaml.safe_dump(listing(registry), sys.stdout, sort_keys=False, allow_unicode=True)
        return
    from rich.console import Console

    Console().print(_table(registry))


def listing(registry: Registry) -> dict[str, Any]:
    """The list in the shape of the OpenTelemetry Collector's command."""
    about = {
        "command": "logboom",
        "description": "OpenTelemetry log collector that triages",
        "version": _version("logboom"),
    }
    sections = {kind.value: [_entry(registry, kind, factory) for factory in registry.factories(kind)] for kind in Kind}
    providers = [{"scheme": name, "module": "collector.settings.expand"} for name in _PROVIDERS]
    return {"buildinfo": about, **sections, "providers": providers, "converters": []}


def _entry(registry: Registry, kind: Kind, factory: Factory[Any]) -> dict[str, Any]:
    owner = registry.origin(kind, factory.name)
    module = factory.config.__module__.rpartition(".")[0]
    stability = factory.stability.capitalize()
    entry: dict[str, Any] = {"name": factory.name, "module": f"{module} ({owner} {_version(owner)})"}
    if factory.aliases:
        entry["aliases"] = list(factory.aliases)
    return {**entry, "stability": {"extension" if kind is Kind.EXTENSION else "logs": stability}}


def _table(registry: Registry) -> Any:
    from rich.table import Table

    table = Table("kind", "type", "also", "stability", "what it does", box=None, pad_edge=False)
    for kind in Kind:
        for factory in registry.factories(kind):
            also = ", ".join(factory.aliases)
            table.add_row(kind.value, f"[bold]{factory.name}[/bold]", also, factory.stability, factory.summary)
    return table


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
