"""A console in the process of a test: over a store's file, asked by httpx without a socket."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from collector.admission.doorkeeper import Asked, Doorkeeper
from collector.console.application import application
from collector.console.archives import archives_of
from collector.console.commanding import Commands
from collector.console.file_source import FileSource
from collector.console.login.logins import Logins
from collector.console.masking import masks_of
from collector.console.parts import Parts
from collector.console.reads import Reads
from collector.console.service_state import LastState, ServiceState
from collector.console.slow_questions import SlowQuestions
from collector.console.stores import Source, Stores
from collector.control.reporter import Reporter, nobody
from collector.domains.access_file import FILE
from collector.domains.senders import Senders
from collector.domains.session_store import Session, SessionStore
from collector.extensions.console.config import ConsoleConfig
from collector.service.extensions import Extensions
from collector.settings import load
from collector.settings.model import Settings
from collector.testing.service import free_ports
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.http_server import HttpListener

HOST = "localhost:8080"
_CONFIG: Mapping[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "exporters": {"sqlite": {}},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["sqlite"]}}},
}


class Door:
    """What happens at the login of a console: `later_secs` is by how much its clock goes ahead."""

    def __init__(self) -> None:
        self.refused: list[Asked] = []
        self.in_and_out: list[str] = []
        self.later_secs = 0
        self.extensions: Extensions | None = None

    def logged_in(self, session: Session, user_agent: str) -> None:
        self.in_and_out.append(f"in {session.who} {session.login} {user_agent}")

    def logged_out(self, session: Session, why: str) -> None:
        self.in_and_out.append(f"out {session.who} {why}")

    def look(self) -> None:
        """Authenticators look at their files, as they do each second."""
        assert self.extensions is not None
        self.extensions.reload()


def guarded(**extensions: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration with these extensions, for a console that names them in `login`."""
    service = {**_CONFIG["service"], "extensions": list(extensions), "domains": {"names": ["a.example", "b.example"]}}
    receiver = {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}
    return {**_CONFIG, "receivers": {"otlp": receiver}, "extensions": extensions, "service": service}


@asynccontextmanager
async def asked(
    root: Path,
    options: Mapping[str, Any] | None = None,
    state: ServiceState | None = None,
    config: Mapping[str, Any] | None = None,
    reporter: Reporter | None = None,
    door: Door | None = None,
    source: Source | None = None,
    reads: Reads | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the console of the data directory `root`, whose store is `store.db`.

    Args:
        options: of the extension; with `login`, who comes is asked.
        state: what the supervisor last told.
        config: of the service; one receiver and the store without it.
        reporter: tells its events.
        door: what happens at the login is noted there.
        source: another store than that file.
        reads: takes down who reads.
    """
    parts = replace(_parts(root, options, state, config, reporter, door, source), reads=reads)
    transport = httpx.ASGITransport(application(parts), client=("127.0.0.1", 50_000))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", timeout=60.0) as client:
            yield client
    finally:
        _close(parts)


@contextmanager
def served(
    root: Path,
    options: Mapping[str, Any] | None = None,
    state: ServiceState | None = None,
    config: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """The same behind a port of this machine, for a browser; its address."""
    (port,) = free_ports(1)
    parts = _parts(root, {"endpoint": f"127.0.0.1:{port}", **(options or {})}, state, config)
    listener = HttpListener(HttpServerConfig.model_validate({"endpoint": parts.options.endpoint}))
    listener.start(lambda _: application(parts), share_port=True, websockets=parts.options.loki)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        listener.shutdown(1.0)
        _close(parts)


@contextmanager
def parts_of(
    root: Path,
    options: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    door: Door | None = None,
) -> Iterator[Parts]:
    """What handlers of such a console are given."""
    parts = _parts(root, options, None, config, door=door)
    try:
        yield parts
    finally:
        _close(parts)


def _parts(
    root: Path,
    options: Mapping[str, Any] | None,
    state: ServiceState | None,
    config: Mapping[str, Any] | None,
    reporter: Reporter | None = None,
    door: Door | None = None,
    source: Source | None = None,
) -> Parts:
    given = ConsoleConfig.model_validate(dict(options or {}))
    slow = SlowQuestions(reporter or nobody(), given.slow_query)
    stores = Stores(source or FileSource(root / "store.db"), given.questions_at_once(), slow, masks=masks_of(given))
    settings = load([f"yaml:{yaml.safe_dump(dict(config or _CONFIG))}"], environ={})
    last = LastState()
    last.now = state
    logins = _logins(given, settings, root, door or Door()) if given.login is not None else None
    return Parts(given, settings, root, stores, "sqlite", last, Commands(root), reporter=reporter, logins=logins,
                 archives=archives_of(given, settings, masks_of(given)))  # fmt: skip


def _logins(given: ConsoleConfig, settings: Settings, root: Path, door: Door) -> Logins:
    door.extensions = Extensions(settings.extensions, root)
    named = given.login.authenticators if given.login is not None else ()
    authenticators = {ident: door.extensions[ident] for ident in named}
    for each in authenticators.values():
        each.start()
    keeper = Doorkeeper(Senders(["127.0.0.0/8"]), on_refused=door.refused.append)
    return Logins(given, authenticators, SessionStore(root / FILE), keeper, door, lambda: time.time() + door.later_secs)


def _close(parts: Parts) -> None:
    parts.explainer.close()
    if parts.archives is not None:
        parts.archives.close()
    if parts.stores is not None:
        parts.stores.close()
