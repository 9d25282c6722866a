"""What a logboom of a cluster can't do, told before anything starts."""

from __future__ import annotations

from pathlib import Path

from collector.cluster.topics import remembers
from collector.errors import LogboomError
from collector.settings.model import Settings


def check_sharing(settings: Settings, root: Path, in_process: bool) -> None:
    """Raises:
    LogboomError: this data directory, or this way to run, is none for the configuration.
    """
    shares = settings.service.ledger.kafka is not None
    if shares and in_process:
        raise LogboomError(
            "--in-process can't stand beside service.ledger.kafka: a partition that another machine takes ends a worker's claim, "
            "and one process has no supervisor that outlives it: leave --in-process out"
        )
    if not shares and remembers(root):
        raise LogboomError(
            f"{root} belongs to a machine of a cluster, and what waits there stands in Kafka: write service.ledger.kafka, or give another "
            "--data-dir"
        )


def check_same_cluster(old: Settings, new: Settings) -> None:
    """Raises:
    LogboomError: a reload would lead elsewhere.
    """
    before, after = old.service.ledger.kafka, new.service.ledger.kafka
    if (before is None) != (after is None):
        raise LogboomError(
            "service.ledger.kafka can't come or go while logboom runs: restart it, with a --data-dir of its own"
        )
    if before is not None and after is not None:
        fixed = {"prefix": (before.prefix, after.prefix), "instance_id": (before.instance_id, after.instance_id)}
        for name, (was, is_) in fixed.items():
            if was != is_:
                raise LogboomError(f"service.ledger.kafka.{name} can't change while logboom runs: restart it")
