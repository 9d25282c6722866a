"""What stands around every page: who looks, at which domain, how it is shown, and what wants them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from collector.console.asking import scope_of
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.sharing import shares
from collector.release import release
from collector.reserved import DOMAIN
from collector.store.issue_reading import counted
from collector.store.reading import NoStore

_SECS = 0.5
_MOST_DOMAINS = 200
THEMES, DENSITIES = ("system", "light", "dark"), ("compact", "roomy")
NAVIGATION = (
    ("/", "Overview"), ("/logs", "Logs"), ("/issues", "Issues"), ("/patterns", "Patterns"), ("/alerts", "Alerts"),
    ("/health", "Health"),
)  # fmt: skip
_CLUSTER = ("/cluster", "Cluster")


@dataclass(frozen=True, slots=True)
class Shown:
    """How somebody likes it: cookies that hold nothing else."""

    theme: str
    density: str
    zone: str


async def frame(request: Request) -> dict[str, Any]:
    """The context of `base.html`."""
    offered = navigation(request)
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    return {
        "visitor": visitor(request),
        "shown": shown(request),
        "navigation": offered,
        "current": next((to for to, _ in reversed(offered) if path == to or path.startswith(f"{to}/")), ""),
        "domain": request.query_params.get("domain", ""),
        "domains": await domains(request),
        "wants": await wants(request),
        "version": release(),
    }


def navigation(request: Request) -> Sequence[tuple[str, str]]:
    """Path and name of the pages: that of the cluster where there is one, for who sees all domains."""
    offered = shares(parts(request)) and visitor(request).scope.is_everything
    return (*NAVIGATION, _CLUSTER) if offered else NAVIGATION


def shown(request: Request) -> Shown:
    """Of the cookies."""
    cookies = request.cookies

    def one_of(name: str, values: tuple[str, ...]) -> str:
        return cookies.get(name, "") if cookies.get(name) in values else values[0]

    return Shown(one_of("theme", THEMES), one_of("density", DENSITIES), cookies.get("zone", "")[:64])


async def wants(request: Request) -> dict[str, int]:
    """Path in the navigation → how much there asks for somebody; nothing while the store can't say."""
    stores, who = parts(request).stores, visitor(request)
    if stores is None:
        return {}
    try:
        scope, _ = scope_of(request.query_params, who)
        states = await stores.ask(scope, counted, _SECS, shows=False)
    except (Refused, NoStore, sqlite3.Error):
        return {}
    return {"/issues": states.get("new", 0) + states.get("escalating", 0)}


async def domains(request: Request) -> list[str]:
    """Those that have records and that this visitor may see; none while the store can't say."""
    stores, who = parts(request).stores, visitor(request)
    if stores is None:
        return []
    try:
        found = await stores.domains(who.scope, _SECS)
    except (Refused, NoStore):
        return []
    return [name for name in found if name != DOMAIN][:_MOST_DOMAINS]
