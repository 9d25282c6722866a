"""The SDK's side: which tools there are, and what becomes of a call. Nothing else imports the SDK."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

from collector.console.mcp.answers import ABOUT
from collector.console.mcp.issues import DECIDING, ISSUES
from collector.console.mcp.reading import READING
from collector.console.mcp.tools import Caller, Tool, call
from collector.console.refusal import Refused
from collector.release import release
from collector.store.reading import NoStore

log = logging.getLogger("logboom.console")
logging.getLogger("mcp").setLevel(logging.WARNING)

INSTRUCTIONS = (
    "logboom collects logs and triages them: levels critical, warning, info, debug; patterns (what is said again and again); issues (errors by their"
    " cause). Begin with `issues` or `count`, look at one `issue`, then `search` for its records (`issue:ID`). " + ABOUT
)


def tools(*, decisions: bool) -> dict[str, Tool]:
    """By name."""
    return {tool.name: tool for tool in (*ISSUES, *READING, *(DECIDING if decisions else ()))}


def server(caller: Caller, *, decisions: bool) -> Server[Any]:
    """Of one caller: it answers nobody else."""
    offered = tools(decisions=decisions)

    async def list_tools(_context: Any, _given: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in offered.values()])

    async def call_tool(_context: Any, given: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            return _told((await call(offered, caller, given.name, given.arguments or {})).text())
        except Refused as refused:
            more = "".join(f"; {name.replace('_', ' ')}: {value}" for name, value in refused.more.items())
            return _told(f"{refused.detail}{more}", failed=True)
        except NoStore as error:
            return _told(f"nothing is stored yet: {error}", failed=True)
        except Exception as error:
            id_ = secrets.token_hex(8)
            log.error("call %s of %s failed", id_, given.name, exc_info=error)
            return _told(f"that failed inside logboom; its log says more under {id_}", failed=True)

    return Server(
        "logboom", version=release(), instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _described(tool: Tool) -> types.Tool:
    hints = types.ToolAnnotations(
        read_only_hint=not tool.changes, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    return types.Tool(
        name=tool.name, description=tool.says, input_schema=tool.arguments.model_json_schema(), annotations=hints
    )


def _told(text: str, *, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)
