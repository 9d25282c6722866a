"""A test of the ways to people: each exporter is told, and a minute later that it is over, so that nothing stays open anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from collector.alert_commands import EXPORTERS, TRIAL_LABELS
from collector.component import Applied, Command, Due, Refused, Work
from collector.connectors.alerting.config import AlertingConfig
from collector.connectors.alerting.decision import Reason
from collector.connectors.alerting.routes import NANOS, Routes
from collector.notices import Alert, Notice
from collector.visible import visible

PREFIX = "t/"
_LASTS = 60 * NANOS


def exporters_of(config: AlertingConfig) -> list[str]:
    """All that may ever be told."""
    return list(dict.fromkeys(config.names_exporters().values()))


def asked(command: Command, config: AlertingConfig, routes: Routes) -> list[str] | Refused:
    """Whom a command means: those that it names, those of the routes that take its labels, or all."""
    known = exporters_of(config)
    named = [name for name in str(command.attributes.get(EXPORTERS, "")).split(",") if name]
    for name in named:
        if name not in known:
            return Refused(f"no route leads to an exporter {name!r}: there is {', '.join(known)}")
    labels = dict(
        pair.split("=", 1) for pair in str(command.attributes.get(TRIAL_LABELS, "")).split("\n") if "=" in pair
    )
    if not labels:
        return named or known
    found = [exporter for leaf in routes.taking({"domain": command.domain, **labels}) for exporter in leaf.exporters]
    if not found:
        return Refused("nobody is told of an alert with these labels")
    return [one for one in dict.fromkeys(found) if not named or one in named]


def begin(command: Command, exporters: Sequence[str], work: Work) -> tuple[Applied, list[Notice]]:
    """Tell them; that it is over is due."""
    who = visible(command.who or "somebody")
    notices = [_notice(exporter, command.domain, who, work.now_unix_nano, firing=True) for exporter in exporters]
    for exporter in exporters:
        work.wake(command.domain, f"{PREFIX}{exporter}", work.now_unix_nano + _LASTS)
    return Applied({EXPORTERS: ",".join(exporters)}), notices


def end(due: Due, work: Work) -> Notice:
    """It is over."""
    return _notice(due.name.removeprefix(PREFIX), due.domain, "logboom", work.now_unix_nano, firing=False)


def _notice(exporter: str, domain: str, who: str, now: int, *, firing: bool) -> Notice:
    group = hashlib.sha256(f"test\0{exporter}\0{domain}".encode()).hexdigest()[:32]
    labels = {"domain": domain, "rule": "test", "level": "info"}
    status = "firing" if firing else "resolved"
    text = (
        f"TEST: {who} tries whether logboom reaches you; nothing is wrong"
        if firing
        else "RESOLVED: the test is over; nothing was wrong"
    )
    alert = Alert(group[:16], status, labels, {"summary": text})
    return Notice(
        group,
        exporter,
        now // 1_000_000,
        "",
        status,
        str(Reason.TEST),
        "info",
        now,
        0,
        {"domain": domain},
        [alert],
        text,
    )
