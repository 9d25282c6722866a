"""The end of the demo: what logboom makes of an incident, as it stands in the store."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from collector.scope import Scope
from collector.visible import visible

if TYPE_CHECKING:
    from collector.cli.traffic.incident import Incident

_MARKED, _FAILS = 0.35, 0.6
"""Parts of the demo's time after which the version is deployed, and fails."""
_PATIENCE_SECS = 15.0


class Act:
    """The incident, played beside the usual traffic. `seconds`: how long that lasts."""

    def __init__(self, incident: Incident, data_dir: Path, seconds: float) -> None:
        self._incident = incident
        self._data_dir = data_dir
        self._seconds = seconds
        self._marked = False

    def play(self, elapsed: float) -> None:
        """What is due by now: called some times a second."""
        part = elapsed / self._seconds
        if part >= _MARKED and not self._marked:
            self._marked = True
            self._mark()
        if part >= _MARKED:
            self._incident.serve(6)
        if part >= _FAILS:
            self._incident.fail(8)

    @property
    def sent(self) -> int:
        """Records of it."""
        return self._incident.sent

    def close(self) -> None:
        """All that it sent is acknowledged."""
        self._incident.close()

    def _mark(self) -> None:
        from collector.cli.traffic.incident import SERVICE, VERSION
        from collector.control.asking import NotRunning, NotTaken, ask
        from collector.control.command import DEPLOYMENT, command, user
        from collector.control.deployment import Deployment

        deployment = Deployment("", SERVICE.name, VERSION, SERVICE.environment)
        told = command(
            DEPLOYMENT,
            SERVICE.domain,
            deployment.of_command(),
            who=user(),
            why="the demo",
            id_="",
            body=deployment.sentence(),
        )
        with contextlib.suppress(NotRunning, NotTaken):
            ask(self._data_dir, told, 0.0)


def show(console: Console, store: Path, shown: str, data_dir: Path) -> None:
    """The issue of the incident, its cause, where to look, and what else was noticed; nothing where the configuration makes no issues."""
    found = _awaited(store)
    if found is None:
        return
    domain, issue_id, title, priority = found
    console.print("\n[bold]What went wrong:[/bold] a version was deployed, and its requests fail", highlight=False)
    console.print(Text(f"  issue {issue_id}  {visible(title)}  ({priority} priority, {domain})", style="red"))
    for line in _lines(store, domain, issue_id):
        console.print(Text(f"  {visible(line)}"), soft_wrap=True)
    for line in _anomalies(store):
        console.print(Text(f"  unusual: {visible(line)}"), soft_wrap=True)
    console.print(f"  {shown} issues show {issue_id} --data-dir {data_dir}", highlight=False, soft_wrap=True)


def _awaited(store: Path) -> tuple[str, str, str, str] | None:
    """The issue; None: the configuration makes none."""
    from collector.cli.traffic.incident import ERROR

    asked = "SELECT domain, issue_id, title, priority FROM issues WHERE type = ? ORDER BY events DESC LIMIT 1"
    deadline = time.monotonic() + _PATIENCE_SECS
    while time.monotonic() < deadline:
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(_connect(store)) as connection:
            row: tuple[str, str, str, str] | None = connection.execute(asked, (ERROR[0],)).fetchone()
            if row is not None:
                return row
        time.sleep(0.25)
    return None


def _lines(store: Path, domain: str, issue_id: str) -> list[str]:
    """Cause and suggestion, by all that the store has."""
    from collector.causes.explaining import explain_issue
    from collector.store.reading import NoStore, opened

    with contextlib.suppress(NoStore, sqlite3.Error), opened(store, Scope.of(domain)) as connection:
        explained = explain_issue(connection, domain, issue_id)
        return explained.lines() if explained is not None else []
    return []


def _anomalies(store: Path) -> list[str]:
    asked = "SELECT body FROM logs WHERE event_name LIKE 'logboom.anomaly.%' AND generation > 0 ORDER BY time_unix_nano DESC LIMIT 3"
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(_connect(store)) as connection:
        return [str(body) for (body,) in connection.execute(asked)]
    return []


def _connect(store: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)
