"""`logboom run`, in order: lock the data directory, check the ports, make the environments, listen for health, start
the children, serve until told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from collector.errors import LogboomError
from collector.journal import layout
from collector.journal.environment import Environment
from collector.ledger import tables
from collector.service.channel import Child
from collector.service.datadir import DataDir, lock_data_dir, open_data_dir
from collector.service.in_process import InProcess
from collector.service.observe import Observer, exporter_states, observed
from collector.service.plan import extension, used_receivers
from collector.service.ports import busy
from collector.service.supervisor import HOPELESS, Supervisor
from collector.settings.model import Settings
from collector.telemetry.endpoints import Answer, Endpoints
from collector.telemetry.health import Health
from collector.telemetry.own_logs import configure
from collector.transport.tls import TlsServerConfig, server_context

log = logging.getLogger("logboom.supervisor")


def serve(settings: Settings, reload: Callable[[], Settings], root: Path, in_process: bool) -> int:
    """Run until SIGTERM; the exit code.

    Raises:
        LogboomError: it can't start; nothing was started.
    """
    configure(settings.service.telemetry.logs.level, settings.service.telemetry.logs.encoding)
    for warning in settings.warnings:
        log.warning("%s", warning)
    lock = lock_data_dir(root)
    taken = busy(listeners(settings))
    if taken:
        raise LogboomError("; ".join(taken))
    data_dir = open_data_dir(root, settings.service.ledger.partitions)
    make_environments(settings, data_dir)
    if in_process:
        return asyncio.run(_serve(InProcess(settings, data_dir), data_dir))
    return asyncio.run(_serve(Supervisor(settings, data_dir, reload, (lock,)), data_dir))


def listeners(settings: Settings) -> list[tuple[str, str]]:
    """(who, host:port) of everything that will listen on TCP."""
    found = []
    for name in used_receivers(settings):
        found += [(f"receivers.{name}", endpoint) for endpoint in settings.receivers[name].config.listens_on()]
    health = extension(settings, "health_check")
    if health is not None:
        found.append(("extensions.health_check", health.endpoint))
    for host, port in settings.service.telemetry.metrics.prometheus():
        found.append(("service.telemetry.metrics", f"{host}:{port}"))
    return found


def make_environments(settings: Settings, data_dir: DataDir) -> None:
    """Make what is missing on disk, so that every process finds every environment."""
    for slot in range(settings.service.processes.ingest):
        path, budget = data_dir.journal(slot), settings.service.journal.max_bytes
        Environment.create(path, budget, layout.KIND, layout.FORMAT_VERSION).close()
    for number in range(data_dir.partitions):
        path, budget = data_dir.partition(number), settings.service.ledger.max_bytes
        environment = Environment.create(path, budget, tables.KIND, tables.FORMAT_VERSION)
        tables.Tables.of(environment)
        environment.close()


async def _serve(supervisor: Supervisor | InProcess, data_dir: DataDir) -> int:
    began = time.monotonic()
    endpoints = Endpoints()
    starting = asyncio.ensure_future(supervisor.start())
    try:
        await _listen_health(supervisor, endpoints)
        await _listen_metrics(supervisor, endpoints, data_dir)
        await starting
        log.info("ready after %.1f s: %s", time.monotonic() - began, _addresses(supervisor))
        await supervisor.run()
    finally:
        await endpoints.close()
    log.info("stopped")
    return 0


async def _listen_health(supervisor: Supervisor | InProcess, endpoints: Endpoints) -> None:
    options = extension(supervisor.settings, "health_check")
    if options is None:
        return

    def answer(path: str) -> Callable[[], Answer]:
        def answer_now() -> Answer:
            status, body = health(supervisor).answer(path)
            fixed = options.response_body and (
                options.response_body.healthy if status == 200 else options.response_body.unhealthy
            )
            return (status, "text/plain", fixed) if fixed else (status, "application/json", json.dumps(body))

        return answer_now

    paths = {options.path: "/", "/ready": "/ready", "/live": "/live"}
    tls = server_context(TlsServerConfig(**options.tls.model_dump())) if options.tls else None
    await endpoints.listen(options.endpoint, {path: answer(asked) for path, asked in paths.items()}, tls)


async def _listen_metrics(supervisor: Supervisor | InProcess, endpoints: Endpoints, data_dir: DataDir) -> None:
    metrics = supervisor.settings.service.telemetry.metrics
    if not metrics.prometheus() and not metrics.periodic():
        return
    # Loaded while the children start: the SDK is a third of the supervisor's start-up time.
    from collector.telemetry.metrics import Snapshots
    from collector.telemetry.reader import make_provider, prometheus_answer

    push = {reader.exporter.otlp.endpoint: reader.interval for reader in metrics.periodic() if reader.exporter.otlp}
    await asyncio.to_thread(make_provider, Snapshots(observed(supervisor, Observer(data_dir))), push)
    for host, port in metrics.prometheus():
        await endpoints.listen(f"{host}:{port}", {"/metrics": prometheus_answer})


def health(supervisor: Supervisor | InProcess) -> Health:
    """The state of the service as `/`, `/ready` and `/live` tell it."""
    children: list[Child] = list(supervisor.children.values())
    ingest = [child for child in children if child.start.role == "ingest"]
    workers = [child for child in children if child.start.role == "worker"]
    serving = any(child.ready and not child.last_report.stats.get("full") for child in ingest) and any(
        child.ready for child in workers
    )
    hopeless = [key for key, failures in supervisor.failures.items() if failures >= HOPELESS]
    blocked = [
        f"exporter {name} is blocked: {state['reason']}"
        for name, state in exporter_states(children).items()
        if state["state"] == "blocked"
    ]
    phase = "stopping" if supervisor.stopping else "ready" if serving else "starting"
    return Health(serving and not supervisor.stopping, not hopeless, phase, supervisor.started_unix, blocked)


def _addresses(supervisor: Supervisor | InProcess) -> str:
    found: dict[str, str] = {}
    children: list[Child] = list(supervisor.children.values())
    for child in children:
        found.update(child.last_report.stats.get("endpoints", {}))
    return ", ".join(f"{protocol} on {address}" for protocol, address in found.items())
