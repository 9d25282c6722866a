"""What SIGHUP may change, checked before any new child starts."""

from __future__ import annotations

import logging
from pathlib import Path

from collector.errors import LogboomError
from collector.service.encryption import check_keys
from collector.service.generations import follow, of_cluster
from collector.service.in_process import InProcess
from collector.service.ports import busy, own_listeners, shared_listeners
from collector.service.sharing import check_same_cluster
from collector.service.supervisor import Supervisor
from collector.settings.model import Settings
from collector.telemetry.own_logs import configure

log = logging.getLogger("logboom.supervisor")


def check_successor(supervisor: Supervisor | InProcess, old: Settings, new: Settings, root: Path) -> Settings:
    """The new settings, if they can take over from the old ones. Where the cluster has moved meanwhile, they follow it.

    Raises:
        LogboomError: they can't; nothing has changed.
    """
    check_same_cluster(old, new)
    if new.service.ledger.kafka is not None:
        new = of_cluster(new, root)
    elif new.service.ledger.partitions != old.service.ledger.partitions:
        raise LogboomError(
            f"service.ledger.partitions can't change from {old.service.ledger.partitions} to "
            f"{new.service.ledger.partitions}: it is fixed when the data directory is made"
        )
    held = {endpoint for _, endpoint in shared_listeners(old)}
    taken = busy(listener for listener in shared_listeners(new) if listener[1] not in held)
    if taken:
        raise LogboomError("; ".join(taken))
    check_keys(new, root)
    follow(supervisor, old, new, root)
    for warning in new.notices():
        log.warning("%s", warning)
    if own_listeners(new) != own_listeners(old):
        log.warning("the endpoints of health_check and of service.telemetry.metrics change at the next start only")
    configure(new.service.telemetry.logs.level, new.service.telemetry.logs.encoding)
    return new
