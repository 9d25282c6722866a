"""The `logboom` command. Each subcommand is a function in a module of its own; importing this imports none of polars,
grpc or the SDK, so that `--help` and the supervisor start fast."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from collector.cli.plain_command import PlainCommand

COMMANDS = {
    "run": "Collect: accept OTLP, make it durable, process it, deliver it.",
    "init": "Write the default configuration, with its comments, to a file of your own.",
    "validate": "Check a configuration and say what would run; starts nothing.",
    "print-config": "Print a configuration as it is read: merged, expanded, without secrets.",
    "components": "List the component types that a configuration can name.",
    "query": "Ask the embedded store in SQL, read-only.",
    "search": "Find stored records by words, fields and attributes.",
    "tail": "Follow new records of the embedded store.",
    "explain": "Show every category and the level of a record, with the evidence and the rule.",
    "mcp": "Answer an agent: the Model Context Protocol over standard input and output.",
    "try": "Show what a configuration makes of records, stage by stage; starts nothing.",
    "test": "Run the tests of a configuration: these records in, those out.",
    "report": "Tell what a period brought: issues and how long they stood, new patterns, noisy services, trends.",
    "backtest": "Say what a configuration would have decided about what is stored, beside what was decided.",
    "deadletter": "List or replay what a destination refused for good.",
    "alerts": "Show who was told what, and who would be; acknowledge, silence.",
    "monitors": "Show when the monitors of a configuration would have been an alert, in what is stored.",
    "responses": "Show what is done about alerts; approve, deny, stop.",
    "patterns": "List and show patterns: what is said again and again, and how it varies.",
    "anomalies": "List what was unusual: expected, seen, since when, how sure.",
    "issues": "List, show and change issues: errors by their cause.",
    "deployments": "Mark that a version of a service runs somewhere from now on.",
    "keys": "Make, list, rotate and revoke the API keys of domains.",
    "master-key": "Make the key that wraps all others, where what waits on disk is encrypted.",
    "login": "Print a link that lets somebody into the console, once.",
    "audit": "Show who did and read what; verify that nothing of it was changed.",
    "sessions": "List who is logged in to the console; end sessions.",
    "backup": "Copy a data directory, while logboom runs, to a folder or an object storage; list, verify, prune.",
    "archive": "List and verify what an archive holds; bring records back, into a store or through a pipeline.",
    "doctor": "Examine a configuration, a data directory and destinations; say what to do.",
    "restore": "Make a data directory of a backup.",
    "privacy": "Erase what there is of a person, or of a domain; see how far that is.",
    "cluster": "Show which machines share the work, who owns what, and what waits there.",
    "limits": "Show how much each domain and credential may send, and how much is used.",
    "send": "Send sample logs: a generator of load and of samples.",
    "demo": "Start logboom, send sample logs through OpenTelemetry SDKs, show what arrives.",
}
"""Subcommand → its line in `--help`; the module has the same name, with `_` for `-`."""
_MODULES = {"try": "trying_out", "test": "suites"}
"""Those whose names no module may have: a word of Python's, and one of its library's."""


class _Lazy(TyperGroup):
    """Loads a subcommand's module when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        name = _MODULES.get(cmd_name, cmd_name.replace("-", "_"))
        module = import_module(f"collector.cli.{name}")
        found: Callable[..., Any] | typer.Typer = getattr(module, "app", None) or getattr(module, name)
        if isinstance(found, typer.Typer):
            command = get_command(found)
        else:
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(cmd_name, cls=PlainCommand)(found)
            command = get_command(single)
        command.name = cmd_name
        command.short_help = COMMANDS[cmd_name]
        command.help = command.help or COMMANDS[cmd_name]
        return command


app = typer.Typer(
    cls=_Lazy,
    name="logboom",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The OpenTelemetry log collector that triages: durable OTLP intake, categories, levels, delivery.\n\n"
    "Start with `logboom demo`; then `logboom init` and `logboom run --config logboom.yaml`.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"logboom {version('logboom')}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """The OpenTelemetry log collector that triages."""


def main() -> None:
    """The console script."""
    app()
