"""What can't stand beside `service.ledger.kafka`, and what means less there: many machines share the work, and each has a disk of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collector.component import Acknowledging, Component, Config, StaysHere
from collector.errors import Problem
from collector.extensions.backup.config import BackupConfig
from collector.settings.model import Settings
from collector.settings.references import Reference
from collector.settings.service import ServiceConfig
from collector.settings.tree import Node, locate


def refused(
    service: ServiceConfig, node: Node, extensions: Sequence[Reference], found: Mapping[str, Component[Config]]
) -> Iterator[Problem]:
    """What keeps on this machine alone what others would need."""
    if service.ledger.kafka is None:
        return
    if service.encryption is not None:
        place = locate(node, ["encryption"], node.place).key_place
        yield Problem(
            "service.encryption can't stand beside service.ledger.kafka: its keys are in this machine's keys.db, and what it encrypts "
            "is read by every machine of the cluster",
            *place,
            code="config/not-shared",
            hint="encrypt at the brokers (disks, TLS), or leave service.ledger.kafka out",
        )
    for reference in extensions:
        component = found.get(reference.id)
        if component is not None and isinstance(component.config, BackupConfig):
            yield Problem(
                f"extension {reference.id} can't stand beside service.ledger.kafka: a copy of this machine's disk is none of the cluster",
                *reference.place,
                code="config/not-shared",
                hint="the brokers' replication keeps what waits; leave the extension out, and back the stores up by themselves",
            )


def waits_for_delivery(name: str, config: Config, node: Node) -> Iterator[Problem]:
    """A receiver whose senders are answered when their records are delivered, which another machine may do."""
    if isinstance(config, Acknowledging) and config.ack_rule() is not None:
        place = locate(node, ["ack"], node.place).key_place
        yield Problem(
            f"{name}.ack can't stand beside service.ledger.kafka: another machine may deliver the records, and nobody tells this one",
            *place,
            code="config/not-shared",
            hint="leave `ack` out: a sender is answered when its records stand in Kafka",
        )


def cautions(settings: Settings) -> Iterator[str]:
    """What is allowed in a cluster, and seldom meant."""
    kafka = settings.service.ledger.kafka
    if kafka is None:
        return
    for ident, component in settings.exporters.items():
        if isinstance(component.config, StaysHere):
            yield f"exporters.{ident} beside service.ledger.kafka: {component.config.stays_here()} (d1, elasticsearch, clickhouse and archive are shared)"
    if kafka.replication_factor < 2:
        yield (
            "service.ledger.kafka.replication_factor is 1: a broker that loses its disk, or its power, takes acknowledged records along; "
            "write 3, and min_insync_replicas: 2"
        )
    elif kafka.min_insync_replicas < 2:
        yield "service.ledger.kafka.min_insync_replicas is 1: a record may be acknowledged that stands on one broker alone; write 2"
    if not kafka.secret.get_secret_value():
        yield (
            "service.ledger.kafka.secret is missing: the keys of links, pseudonyms and audit chains stand in the topics as they are; write "
            "the same long random text on all machines (${env:LOGBOOM_CLUSTER_SECRET})"
        )
    if "in the clear" in (reached := kafka.reached()):
        yield f"service.ledger.kafka speaks to {reached}: whoever is on the way can read and change the records"
    if settings.service.processes.workers > settings.service.ledger.partitions:
        yield (
            f"service.processes.workers is {settings.service.processes.workers} and there are {settings.service.ledger.partitions} partitions: "
            "the workers beyond that have nothing to do"
        )
