"""`logboom mcp`: an agent on this machine asks logboom, over standard input and output."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import misused, refuse, wrong_configuration
from collector.cli.store_path import DataDir, store_path

if TYPE_CHECKING:
    from collector.console.mcp.tools import Caller


def mcp(
    data_dir: DataDir = Path("logboom-data"),
    store: Annotated[Path | None, typer.Option(help="A store file instead of DATA_DIR/store.db.")] = None,
    config: Annotated[
        list[str] | None, typer.Option("--config", "-c", help="Whose processors explain records.")
    ] = None,
    domain: Annotated[list[str] | None, typer.Option(help="Only these domains; no others can be reached.")] = None,
    decisions: Annotated[
        bool, typer.Option(help="Let it resolve, archive, acknowledge and assign issues, too.")
    ] = False,
) -> None:
    """Answer an agent over the Model Context Protocol: records, counts, issues, patterns, deployments, the report, why a record was judged so.

    \b
    In the configuration of an agent on this machine:
      {"mcpServers": {"logboom": {"command": "logboom", "args": ["mcp", "--data-dir", "/var/lib/logboom"]}}}
    Elsewhere: the console answers the same at /mcp. What is told is redacted, and bounded.
    """
    if importlib.util.find_spec("mcp") is None:
        refuse("this needs the MCP SDK, which is not installed: pip install 'logboom[mcp]'")
    path = store_path(data_dir, store)
    if path.name.startswith("d1") and not path.exists():
        misused("an agent reads a store's file: D1 is read by `logboom search`, `issues`, `report`")
    import asyncio

    from collector.cli.noted_reading import note_reading
    from collector.scope import Scope

    note_reading(data_dir, Scope.of(*domain) if domain else Scope.everything(), "mcp")
    caller = caller_of(path, data_dir, config or [], domain or [], decisions=decisions)
    try:
        asyncio.run(_answer(caller, decisions=decisions))
    finally:
        caller.parts.explainer.close()
        if caller.parts.stores is not None:
            caller.parts.stores.close()


def caller_of(path: Path, data_dir: Path, configs: list[str], domains: list[str], *, decisions: bool) -> Caller:
    from collector.cli.defaults import default_config
    from collector.console.commanding import Commands
    from collector.console.file_source import FileSource
    from collector.console.mcp.tools import Caller
    from collector.console.parts import Parts
    from collector.console.service_state import LastState
    from collector.console.stores import Stores
    from collector.console.visitor import Role, Visitor
    from collector.control.command import user
    from collector.errors import ConfigError
    from collector.extensions.console.config import ConsoleConfig
    from collector.scope import Scope
    from collector.settings import load

    try:
        settings = load(configs or [str(default_config())], [])
    except ConfigError as error:
        wrong_configuration(error)
    options = ConsoleConfig()
    stores = Stores(FileSource(path), options.questions_at_once())
    scope = Scope.of(*domains) if domains else Scope.everything()
    visitor = Visitor(user(), scope, Role.OPERATOR if decisions else Role.VIEWER)
    return Caller(Parts(options, settings, data_dir, stores, "", LastState(), Commands(data_dir)), visitor)


async def _answer(caller: Caller, *, decisions: bool) -> None:
    """Until nobody asks any more."""
    from mcp.server.stdio import stdio_server

    from collector.console.mcp.server import server

    made = server(caller, decisions=decisions)
    async with stdio_server() as (reading, writing):
        await made.run(reading, writing, made.create_initialization_options())
