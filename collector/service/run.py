"""`logboom run`, in order: lock the data directory, check the ports, make the environments, listen for health, start
the children, serve until told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from collector.backend.compacting import compact_if_asked
from collector.backend.data_dir import lock_data_dir, open_data_dir
from collector.backend.interface import View
from collector.errors import LogboomError
from collector.extensions.health_check.config import HealthCheckConfig
from collector.extensions.zpages.config import ZPagesConfig
from collector.service import collecting
from collector.service.backups import restore_at_start
from collector.service.channel import Child
from collector.service.configuration import Configuration
from collector.service.costs import Costs
from collector.service.encryption import check_keys, keep_retiring
from collector.service.forerunners import Forerunners
from collector.service.generations import Generations, of_cluster
from collector.service.heeding import Heeding
from collector.service.in_process import InProcess
from collector.service.machine import Machine
from collector.service.observe import Observer, observed
from collector.service.plan import backend_of, declared_counters, declared_figures, extension
from collector.service.ports import busy, own_listeners, shared_listeners
from collector.service.process import ChildProcess
from collector.service.reloading import check_successor
from collector.service.reporting import Reporting
from collector.service.service_manager import show_life, tell
from collector.service.sharing import check_sharing
from collector.service.supervisor import StartFailed, Supervisor
from collector.service.watch import Watch
from collector.service.zpages import ZPages
from collector.settings.model import Settings
from collector.telemetry.endpoints import Answer, Endpoints
from collector.telemetry.own_logs import configure
from collector.transport.descriptors import LEAST, raise_limit
from collector.transport.tls import TlsServerConfig, server_context

log = logging.getLogger("logboom.supervisor")


def serve(
    settings: Settings,
    configuration: Configuration,
    root: Path,
    in_process: bool,
    forerunners: Forerunners | None = None,
) -> int:
    """Run until SIGTERM; the exit code. `forerunners`: children that load already.

    Raises:
        LogboomError: it can't start, or could not go on.
    """
    configure(settings.service.telemetry.logs.level, settings.service.telemetry.logs.encoding)
    check_descriptors(in_process)
    for warning in settings.notices():
        log.warning("%s", warning)
    restore_at_start(settings, root)
    lock = lock_data_dir(root)
    taken = busy(shared_listeners(settings) + own_listeners(settings))
    if taken:
        raise LogboomError("; ".join(taken))
    check_sharing(settings, root, in_process)
    settings = of_cluster(settings, root)
    data_dir = open_data_dir(root, settings.service.ledger.partitions)
    check_keys(settings, root)
    for said in compact_if_asked(data_dir):
        log.warning("not compacted, and tried again at the next start: %s", said)
    backend = backend_of(settings, root)
    backend.prepare()
    if in_process:
        return asyncio.run(_serve(InProcess(settings, data_dir), backend.view(), root, configuration))
    supervisor: Supervisor = Supervisor(
        settings,
        data_dir,
        lambda old: check_successor(supervisor, old, configuration.again(), root),
        (lock,),
        partial(ChildProcess, forerunners=forerunners),
    )
    supervisor.on_death = backend.died
    return asyncio.run(_serve(supervisor, backend.view(), root, configuration))


def check_descriptors(in_process: bool) -> None:
    """Let this process and its children open as many files as they may.

    Raises:
        LogboomError: too few to work with.
    """
    limit, least = raise_limit(), LEAST * 2 if in_process else LEAST
    if limit < least:
        raise LogboomError(
            f"a process may open {limit} files here and logboom needs {least} at least: raise the limit with "
            "`ulimit -n 4096`, LimitNOFILE= of a systemd unit, or --ulimit nofile=4096 of a container"
        )


async def _serve(supervisor: Supervisor | InProcess, view: View, root: Path, configuration: Configuration) -> int:
    began = time.monotonic()
    endpoints = Endpoints()
    reporting = Reporting(root, "supervisor", lambda: supervisor.settings)
    supervisor.reporter = reporting.reporter
    reporting.start()
    costs = Costs(root, reporting.reporter)
    costs.begin(supervisor.settings, view.counts)
    watch = Watch(
        supervisor, observed(supervisor, Observer(view)), reporter=reporting.reporter, machine=Machine(root), costs=costs,
        lost=lambda: reporting.teller.lost_records,
    )  # fmt: skip
    beside = (
        keep_retiring(lambda: supervisor.settings, root), Heeding(supervisor, configuration).run(), Generations(supervisor, root).run(),
    )  # fmt: skip
    watching = asyncio.ensure_future(_watch(watch, *beside))
    starting = asyncio.ensure_future(started(supervisor, configuration))
    try:
        await _listen_health(supervisor, endpoints, watch)
        await _listen_zpages(supervisor, endpoints, watch)
        push = await _listen_metrics(supervisor, endpoints, watch)
        if await starting:
            collecting.begin()
            log.info("ready after %.1f s: %s", time.monotonic() - began, _addresses(supervisor))
            tell("READY=1", f"STATUS={_addresses(supervisor)}")
            await supervisor.run()
        await asyncio.to_thread(push)
    except OSError as error:  # a port that was free a moment ago
        raise LogboomError(f"can't listen: {error.strerror or error}") from error
    finally:
        starting.cancel()
        watching.cancel()
        await endpoints.close()
        reporting.close(0.0)  # who takes it in has ended
    log.info("stopped")
    return 0


async def started(supervisor: Supervisor | InProcess, configuration: Configuration) -> bool:
    """Start; where it fails with what a server gave, without that: who gave it is reached again. False: it was told to stop meanwhile.

    Raises:
        StartFailed: what this machine says does not start.
    """
    try:
        return await supervisor.start()
    except StartFailed as problem:
        if not isinstance(supervisor, Supervisor):
            raise
        local = await asyncio.to_thread(configuration.left_out, str(problem))
        if local is None:
            raise
        supervisor.settings = await asyncio.to_thread(of_cluster, local, configuration.root)
        return await supervisor.start()


async def _watch(watch: Watch, *beside: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        for each in (watch.run(), show_life(), *beside):
            group.create_task(each)


async def _listen_health(supervisor: Supervisor | InProcess, endpoints: Endpoints, watch: Watch) -> None:
    options = extension(supervisor.settings, HealthCheckConfig)
    if options is None:
        return

    def answer(path: str) -> Callable[[], Answer]:
        def answer_now() -> Answer:
            status, body = watch.health().answer(path)
            fixed = options.response_body and (
                options.response_body.healthy if status == 200 else options.response_body.unhealthy
            )
            return (status, "text/plain", fixed) if fixed else (status, "application/json", json.dumps(body))

        return answer_now

    paths = {options.path: "/", "/ready": "/ready", "/live": "/live"}
    tls = server_context(TlsServerConfig(**options.tls.model_dump())) if options.tls else None
    await endpoints.listen(options.endpoint, {path: answer(asked) for path, asked in paths.items()}, tls)


async def _listen_zpages(supervisor: Supervisor | InProcess, endpoints: Endpoints, watch: Watch) -> None:
    options = extension(supervisor.settings, ZPagesConfig)
    if options is not None:
        pages = ZPages(lambda: supervisor.settings, watch.health, watch.snapshots.get)
        await endpoints.listen(options.served_at(), pages.routes())


async def _listen_metrics(supervisor: Supervisor | InProcess, endpoints: Endpoints, watch: Watch) -> Callable[[], None]:
    """Serve and push metrics; returns what ends the push, with the last numbers."""
    telemetry = supervisor.settings.service.telemetry
    metrics = telemetry.metrics
    if not metrics.prometheus() and not metrics.periodic():
        return lambda: None
    # Loaded while the children start: the SDK is a third of the supervisor's start-up time.
    from collector.telemetry.reader import OwnMetrics, prometheus_answer

    own = await asyncio.to_thread(OwnMetrics, watch.snapshots, metrics.periodic(), telemetry.attributes)

    def declare(settings: Settings) -> None:
        own.declare(declared_counters(settings), declared_figures(settings))

    declare(supervisor.settings)
    watch.at_each_look = declare
    for host, port in metrics.prometheus():
        await endpoints.listen(f"{host}:{port}", {"/metrics": prometheus_answer})
    return own.shutdown


def _addresses(supervisor: Supervisor | InProcess) -> str:
    found: dict[str, str] = {}
    children: list[Child] = list(supervisor.children.values())
    for child in children:
        found.update(child.last_report.stats.get("endpoints", {}))
    return ", ".join(f"{protocol} on {address}" for protocol, address in found.items())
