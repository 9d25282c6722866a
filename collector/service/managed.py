"""The process that talks to an OpAMP server: without grpc and polars, at a lower priority, and nothing waits for it. What it dies of touches
neither intake nor delivery. A successor talks once its predecessor has ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.component import Context
from collector.console.service_state import LastState, ServiceState
from collector.extensions.opamp.config import OpampConfig, parse_uid
from collector.extensions.opamp.folder import KeptConfig, OpampFolder
from collector.service.channel import Report
from collector.service.configuration import accepting
from collector.service.extensions import Extensions
from collector.service.heeding import ASKS
from collector.service.plan import extensions
from collector.settings.model import Settings
from collector.transport.auth import client_authenticator

if TYPE_CHECKING:
    from collector.extensions.opamp.session import Session
    from otlp_wire.opamp import AgentReport, ServerMessage

log = logging.getLogger("logboom.opamp")

_NICE = 10
_HANGS_SECS = 8.0
_BEAT_SECS = 0.5
_LOCK_POLL_SECS = 0.1
_FAREWELL_SECS = 3.0
_LARGEST_CONFIG_BYTES = 1 << 20
_YAML = ("", "text/yaml", "application/yaml", "text/x-yaml", "application/x-yaml")


class OpampRole:
    """The role `opamp`: number `index` of the extensions of that type."""

    def __init__(self, settings: Settings, root: Path, index: int) -> None:
        self._id, self._options = list(extensions(settings, OpampConfig).items())[index]
        self._accepts = accepting(settings) is self._options
        self._settings = settings
        self._folder = OpampFolder(root)
        self._extensions = Extensions(settings.extensions, root)
        self._context = Context(self._id, root, extensions=self._extensions)
        self._phase = "starting"
        self._stop = threading.Event()
        self._stays_away = True
        self._state = LastState()
        self._offer = ""
        self._restarts = 0
        self._orphaned = False
        self._beat: float | None = None
        self._session: Session | None = None
        self._fixed: AgentReport | None = None

    def run(self) -> None:
        """Until `stop`. Raises OSError: TLS files or the data directory can't be used."""
        with contextlib.suppress(OSError):
            os.nice(_NICE)
        self._phase = "ready"
        lock = self._locked()
        if lock is None:
            return
        try:
            authenticator = client_authenticator(self._options.server.connection.auth, self._context)
            self._extensions.start()
            asyncio.run(self._talk(authenticator))
        finally:
            self._beat = None
            self._extensions.shutdown()
            os.close(lock)

    def stop(self, deadline_secs: float, drain: bool = True) -> None:  # noqa: ARG002 - a farewell is short
        """End; without `drain` a successor goes on, and nothing is said."""
        self._stays_away = drain
        self._stop.set()

    def show(self, state: ServiceState) -> None:
        """What the supervisor sees now."""
        self._state.now = state

    def report(self) -> Report | None:
        """The heartbeat; none while the event loop hangs."""
        beat = self._beat
        if beat is not None and time.monotonic() - beat > _HANGS_SECS:
            return None
        asks = {"offer": self._offer, "restarts": self._restarts, "orphaned": self._orphaned}
        return Report(self._phase, 0.0, {ASKS: asks} if any(asks.values()) else {})

    def _locked(self) -> int | None:
        while not self._stop.is_set():
            with contextlib.suppress(BlockingIOError):
                return self._folder.lock(self._id)
            self._stop.wait(_LOCK_POLL_SECS)
        return None

    async def _talk(self, authenticator: Any) -> None:
        from collector.extensions.opamp.client import OpampClient
        from collector.extensions.opamp.session import Session
        from collector.service.agent_report import capabilities

        can = capabilities(self._options)
        uid = parse_uid(self._options.instance_uid) if self._options.instance_uid else self._folder.uid(self._id)
        self._session = Session(uid, can, self._now)
        client = OpampClient(self._options, self._session, self._take, authenticator)
        talking = asyncio.ensure_future(client.run())
        looked = time.monotonic()
        while not talking.done() and not self._stop.is_set():
            self._beat = time.monotonic()
            if self._options.ppid and self._beat - looked >= (self._options.ppid_poll_interval or 5.0):
                looked = self._beat
                self._orphaned = not _lives(self._options.ppid)
            await asyncio.wait({talking}, timeout=_BEAT_SECS)
        if not talking.done():
            client.leave(quietly=not self._stays_away)
            await asyncio.wait({talking}, timeout=_FAREWELL_SECS)
        if not talking.done():
            talking.cancel()
            await asyncio.wait({talking}, timeout=_FAREWELL_SECS)
        if not talking.cancelled():
            talking.result()

    def _now(self) -> AgentReport:
        """How things stand; what can't change while this process lives is made once."""
        from collector.service.agent_report import health

        assert self._session is not None
        if self._fixed is None or self._fixed.identifying != self._described()[0]:
            self._fixed = self._made_once()
        chosen = self._options.capabilities
        return replace(
            self._fixed,
            health=health(self._settings, self._state.now) if chosen.reports_health else None,
            remote=self._remote() if self._accepts else None,
        )

    def _described(self) -> tuple[dict[str, str], dict[str, str]]:
        from collector.service.agent_report import description

        assert self._session is not None
        return description(self._settings, self._options, self._session.uid)

    def _made_once(self) -> AgentReport:
        from collector.service.agent_report import available, effective
        from otlp_wire.opamp import AgentReport

        identifying, others = self._described()
        chosen = self._options.capabilities
        return AgentReport(
            identifying=identifying, others=others,
            effective=effective(self._settings) if chosen.reports_effective_config else None,
            components=available() if chosen.reports_available_components else None,
        )  # fmt: skip

    def _remote(self) -> Any:
        from otlp_wire.opamp import RemoteStatus

        outcome = self._folder.outcome()
        if outcome is None:
            return RemoteStatus(b"", "UNSET")
        return RemoteStatus(bytes.fromhex(outcome.hash), outcome.status, outcome.error)

    def _take(self, message: ServerMessage) -> None:
        """What the server wants of us."""
        if message.new_uid and self._session is not None and self._session.uid == message.new_uid:
            self._keep(message.new_uid)
        if message.restart and self._options.capabilities.accepts_restart_command:
            self._restarts += 1
        if message.offer is not None and self._accepts:
            try:
                self._offered(*message.offer)
            except OSError as error:
                log.error("a remote configuration can't be kept: %s", error.strerror)

    def _keep(self, uid: bytes) -> None:
        if self._options.instance_uid:
            log.warning(
                "the OpAMP server gives another instance uid, and opamp.instance_uid says which: after a restart it is that again"
            )
            return
        self._folder.keep_uid(self._id, uid)

    def _offered(self, config_hash: bytes, files: Any) -> None:
        """Keep an offer, and ask for it to be tried; one that was tried is told how it ended, which the status does."""
        from collector.extensions.opamp.folder import Outcome

        asked, known = config_hash.hex(), self._folder.outcome()
        if known is not None and known.hash == asked:
            self._offer = asked if known.status == "APPLYING" else ""
            return
        wrong = _unfit(files)
        if wrong:
            self._folder.say(Outcome(asked, "FAILED", wrong))
            return
        self._folder.offer(KeptConfig(asked, {name: file.body.decode() for name, file in files.items()}))
        self._offer = asked


def _unfit(files: Any) -> str:
    if sum(len(file.body) for file in files.values()) > _LARGEST_CONFIG_BYTES:
        return f"the configuration has more than {_LARGEST_CONFIG_BYTES} bytes"
    for file in files.values():
        if file.content_type.partition(";")[0].strip().lower() not in _YAML:
            return "a file of the configuration is no YAML by its content type"
        try:
            file.body.decode()
        except UnicodeDecodeError:
            return "a file of the configuration is not UTF-8 text"
    return ""


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
