"""Whether this logboom shares its work with others, and who may see with whom."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request

from collector.console.parts import Parts, parts, visitor
from collector.console.refusal import Refused
from collector.console.views import cluster


def shares(of: Parts) -> bool:
    """Over Kafka."""
    return of.settings.service.ledger.kafka is not None


async def seen(request: Request) -> dict[str, Any]:
    """The cluster. Raises `Refused`: there is none, or this visitor sees some domains alone."""
    mine = parts(request)
    kafka, partitions = mine.settings.service.ledger.kafka, mine.settings.service.ledger.partitions
    if kafka is None:
        raise Refused(404, "this logboom is of no cluster: service.ledger.kafka makes it one")
    if not visitor(request).scope.is_everything:
        raise Refused(403, "to see the cluster takes the right to all domains")
    return await asyncio.to_thread(cluster.cluster, mine.root, partitions, kafka.instance, mine.state.now)
