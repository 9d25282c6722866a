"""Who lets people into the console, and who is told of it: made for the process that serves it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.admission.doorkeeper import Doorkeeper
from collector.console.login.logins import Logins
from collector.control.catalogue import CONSOLE_LOGIN, CONSOLE_LOGOUT
from collector.control.reporter import Reporter
from collector.domains.access_file import FILE
from collector.domains.credential import ROLES
from collector.domains.senders import Senders
from collector.domains.session_store import Link, Session, SessionStore, SessionsUnreadable, new_token
from collector.extensions.console.config import ConsoleConfig
from collector.service.door_events import DoorEvents
from collector.service.extensions import Extensions
from collector.settings.model import Settings
from collector.transport.endpoint import Endpoint

log = logging.getLogger("logboom.console")

IN_CONTAINER = "LOGBOOM_CONTAINER"
"""Set in our image; Docker and podman leave a file of their own."""
_CONTAINER, _PODMAN = Path("/.dockerenv"), Path("/run/.containerenv")
_FLUSH_SECS = 1.0
_FIRST_SECS = 3600


class LoginEvents:
    """Tells of people who come and go."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def logged_in(self, session: Session, user_agent: str) -> None:
        """Somebody is in."""
        self._reporter.tell(
            CONSOLE_LOGIN, f"{session.who} logged in to the console by {session.login}",
            {**_of(session), "client.address": session.address, "user_agent.original": user_agent[:200]},
        )  # fmt: skip

    def logged_out(self, session: Session, why: str) -> None:
        """Somebody is not any more."""
        self._reporter.tell(
            CONSOLE_LOGOUT, f"{session.who} {why} of the console", {**_of(session), "client.address": session.address}
        )


def _of(session: Session) -> dict[str, str]:
    return {"logboom.authenticator": session.login, "user.id": session.who, "session.id": session.id}


@contextmanager
def asking(options: ConsoleConfig, settings: Settings, root: Path, reporter: Reporter) -> Iterator[Logins | None]:
    """Who asks people who they are, while the console serves; None where nobody does. Raises LogboomError: an authenticator can't start."""
    if options.login is None:
        yield None
        return
    extensions = Extensions(settings.extensions, root)
    events, ended = DoorEvents(reporter), threading.Event()
    doorkeeper = Doorkeeper(Senders(settings.service.domains.trusted_peers), on_refused=events.asked)
    authenticators = {ident: extensions[ident] for ident in options.login.authenticators}
    store = SessionStore(root / FILE)
    flushing = threading.Thread(target=_flush, args=(events, ended), name="door events", daemon=True)
    try:
        extensions.start()
        flushing.start()
        yield Logins(options, authenticators, store, doorkeeper, LoginEvents(reporter))
    finally:
        ended.set()
        extensions.shutdown()


def announce(options: ConsoleConfig, root: Path, address: str) -> None:
    """Remember where browsers reach the console, for `logboom login`. In a container, where nobody may have a shell, the first console of a
    data directory prints a link to log in by, once: on standard output, which is no log of ours."""
    if options.login is None:
        return
    store, url = SessionStore(root / FILE), options.public_url or _url(options, address)
    try:
        if store.console_at(url) and (os.environ.get(IN_CONTAINER) or _CONTAINER.exists() or _PODMAN.exists()):
            token = new_token()
            store.add_link(token, Link("admin", ROLES["admin"], None, int(time.time()) + _FIRST_SECS))
            print(f"Log in to the console, once, within an hour: {url}/login?link={token}", flush=True)
    except SessionsUnreadable as error:
        log.error("%s; nobody can log in to the console until they can", error)


def _url(options: ConsoleConfig, address: str) -> str:
    """As this machine reaches it: what listens on all addresses has no name of its own."""
    at = Endpoint.parse(address, "tcp")
    host = "localhost" if at.host in ("0.0.0.0", "::", "") else str(at).rpartition(":")[0]  # noqa: S104
    return f"http{'s' if options.tls else ''}://{host}:{at.port}{options.base_path}"


def _flush(events: DoorEvents, ended: threading.Event) -> None:
    while not ended.wait(_FLUSH_SECS):
        events.flush()
    events.flush()
