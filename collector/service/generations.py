"""Which generation of a cluster's topics a machine works with: not what its configuration says decides, but what the cluster tells.

`service.ledger.partitions` is what it was told when it was written. While the cluster moves, and until somebody writes the new number, it may be that
of an earlier generation; any other is a wish that nobody has carried out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from collector.backend.data_dir import renumbered
from collector.errors import StorageError
from collector.kafka.wire import Unreachable, Wire
from collector.service.channel import Child
from collector.service.in_process import InProcess
from collector.service.plan import backend_of
from collector.service.supervisor import Supervisor
from collector.settings.model import Settings

log = logging.getLogger("logboom.supervisor")

LOOK_SECS, AGAIN_SECS = 0.5, 5.0


def of_cluster(settings: Settings, root: Path, wire: Callable[[], Wire] | None = None) -> Settings:
    """The settings with the generation that counts; as they are without a cluster.

    Args:
        wire: asks the cluster; None: as the settings say.

    Raises:
        StorageError: the brokers do not answer, or the cluster has another number of partitions.
    """
    kafka = settings.service.ledger.kafka
    if kafka is None:
        return settings
    from collector.cluster.connecting import connect
    from collector.cluster.generation import current
    from collector.cluster.topics import remembers, reshard_command

    try:
        found = current(connect(kafka) if wire is None else wire(), kafka)
    except Unreachable as error:
        raise StorageError(f"service.ledger.kafka: {', '.join(kafka.brokers)}: {error}") from error
    if found is None or not found.partitions:
        return settings
    written, there = settings.service.ledger.partitions, found.partitions
    if written != there and written not in found.former:
        raise StorageError(
            f"service.ledger.partitions is {written}, and the cluster has {there}: write {there}, or let what is kept and what waits move: "
            f"{reshard_command(written)}"
        )
    if written != there:
        log.warning("service.ledger.partitions is %d, and the cluster has moved to %d: write %d", written, there, there)
    if remembers(root):  # that of a single machine is refused as it is
        renumbered(root, there)
    kafka = kafka.of_generation(found.number)
    ledger = settings.service.ledger.model_copy(update={"partitions": there, "kafka": kafka})
    return replace(settings, service=settings.service.model_copy(update={"ledger": ledger}))


def follow(supervisor: Supervisor | InProcess, old: Settings, new: Settings, root: Path) -> None:
    """Before children start that work with another generation: this machine knows its topics, and tells deaths there. On a thread.

    Raises:
        LogboomError: its topics are not as they must be.
    """
    before, now = old.service.ledger.kafka, new.service.ledger.kafka
    if before is None or now is None or before.generation == now.generation:
        return
    backend = backend_of(new, root)
    backend.prepare()
    if isinstance(supervisor, Supervisor):
        supervisor.on_death = backend.died


class Generations:
    """Follows the cluster to a new generation, for the supervisor's event loop: doors hear of it, and say it with their heartbeats."""

    def __init__(self, supervisor: Supervisor | InProcess, root: Path) -> None:
        self._supervisor = supervisor
        self._root = root

    async def run(self) -> None:
        """Until it is cancelled."""
        supervisor = self._supervisor
        while isinstance(supervisor, Supervisor):
            await asyncio.sleep(LOOK_SECS)
            kafka = supervisor.settings.service.ledger.kafka
            if kafka is None or not supervisor.started or self._heard(supervisor) <= kafka.generation:
                continue
            if problem := await supervisor.change(self._follow):
                log.error(
                    "the cluster has a new generation of topics, and this machine does not follow yet: %s", problem
                )
                await asyncio.sleep(AGAIN_SECS)

    def _follow(self, old: Settings) -> Settings:
        """On a thread. Raises `LogboomError`."""
        settings = of_cluster(old, self._root)
        follow(self._supervisor, old, settings, self._root)
        return settings

    @staticmethod
    def _heard(supervisor: Supervisor) -> int:
        children: list[Child] = list(supervisor.children.values())
        return max((int(each.last_report.stats.get("generation", 0)) for each in children), default=0)
