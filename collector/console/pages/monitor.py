"""New monitor: what would this search have told, and whom? Monitors stand in the configuration: the page tries one out, and shows the lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.asking import scope_of
from collector.console.pages import frame
from collector.console.pages.drafting import CONDITIONS, LEVELS, configuration, draft, monitor_of
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.rendering import page, part
from collector.console.pages.telling_people import alerting_of
from collector.console.parts import visitor
from collector.console.refusal import Refused
from collector.store.reading import Readable

if TYPE_CHECKING:
    from collector.connectors.alerting.config import AlertingConfig
    from collector.connectors.alerting.rehearsal import Episode, Rehearsal

router = APIRouter()
TRIES = {"1d": "the last 24 hours", "7d": "the last 7 days", "30d": "the last 30 days"}
_DAY_NS = 86_400 * 10**9
_MOST = 50


@dataclass(frozen=True, slots=True)
class Alert:
    """One that would have been, and the receivers that would have been told."""

    episode: Episode
    told: Sequence[str]

    @property
    def secs(self) -> float | None:
        """How long it went on; None: it would go on."""
        return (self.episode.ended - self.episode.began) / 10**9 if self.episode.ended else None

    @property
    def groups(self) -> dict[str, str]:
        """The labels that tell it from others of the monitor."""
        return {name: value for name, value in self.episode.labels.items() if name not in ("level", "rule")}


@router.get("/monitors/new")
async def monitor_page(request: Request) -> HTMLResponse:
    """The page: the form, the lines, and what it would have told. What can't be a monitor is said in their place."""
    said, wrong = _said(request), ""
    try:
        monitor_of(said)
    except Refused as refused:
        wrong = refused.detail
    connector, _ = alerting_of(request)
    return await page(
        request, "monitor.html", said=said, wrong=wrong, conditions=CONDITIONS, levels=LEVELS, tries=TRIES, tried=_tried(request),
        lines=configuration(said, connector or "alerting"), told=bool(connector),
        panels={} if wrong else await shown(request, "monitor.trial"),
    )  # fmt: skip


@panel("monitor.trial")
async def trial(request: Request) -> Markup:
    """The alerts that there would have been."""
    scope, _ = scope_of(request.query_params, visitor(request))
    monitor, tried = monitor_of(_said(request)), _tried(request)
    until = time.time_ns()
    since = until - int(tried.removesuffix("d")) * _DAY_NS

    def question(connection: Readable) -> Rehearsal:
        from collector.connectors.alerting.rehearsal import rehearse  # takes polars, which the console does without

        return rehearse(connection, monitor, since, until)

    made = await ask(request, scope, question)
    _, options = alerting_of(request)
    newest = [Alert(one, _told(options, one)) for one in reversed(made.episodes[-_MOST:])]
    return part(
        request, "parts/monitor_trial.html", made=made, alerts=newest, monitor=monitor, time=TRIES[tried], shown=frame.shown(request)
    )  # fmt: skip


def _told(options: AlertingConfig | None, one: Episode) -> list[str]:
    if options is None:
        return []
    from collector.connectors.alerting.routes import Routes

    return list(dict.fromkeys(leaf.receiver for leaf in Routes(options).taking(dict(one.labels))))


def _said(request: Request) -> dict[str, Any]:
    return draft(request.query_params, request.query_params.get("domain", ""))


def _tried(request: Request) -> str:
    name = request.query_params.get("try") or "7d"
    if name not in TRIES:
        raise Refused(400, f"there is no such time: there is {', '.join(TRIES)}")
    return name
