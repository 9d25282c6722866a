"""`UserAgent`: the program behind a User-Agent header, by the expressions of ua-parser, which upstream uses, too."""

from __future__ import annotations

from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.function import Parameter, Registry

AGENTS = Registry()


@AGENTS.add("UserAgent", Parameter("userAgent", getters.string), costly=True)
def _user_agent(text: str) -> dict[str, Any]:
    """`user_agent.*` and `os.*` of the semantic conventions."""
    from ua_parser import parse  # reads a thousand expressions

    found = parse(text)
    agent, system = found.user_agent, found.os
    shown = {
        "user_agent.original": text,
        "user_agent.name": agent.family if agent else "Other",
        "user_agent.version": ".".join(filter(None, (agent.major, agent.minor, agent.patch))) if agent else "",
        "os.name": system.family if system else "Other",
    }
    version = ".".join(filter(None, (system.major, system.minor, system.patch))) if system else ""
    return {**shown, "os.version": version} if version else shown
