"""A receiver of Kubernetes objects in front of a journal in memory, which dies with it and is there again at the next start."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context, Factory
from collector.domains.resolver import DomainResolver, DomainRules
from collector.ingress.kubernetes.receiver import KubernetesReceiver
from collector.journal.entry import Durable, Payload
from collector.testing.intake import MemoryIntake
from counterparts.kubernetes_api import KubernetesApi, Object
from counterparts.received_otlp import records

PATIENCE_SECS = 180.0
EVENTS = "/api/v1/events"


class Journal(MemoryIntake):
    """Of a process that is killed when `left` payloads were written: nothing is kept then, and nobody answered."""

    left = 1 << 30

    def append(self, payloads: Sequence[Payload], done: Durable) -> None:
        """Until it dies."""
        if self.left > 0:
            self.left -= 1
            super().append(payloads, done)

    def told(self) -> list[dict[str, Any]]:
        """Its records."""
        return records(payload.body for payload in self.payloads)

    def bodies(self) -> list[Any]:
        """Texts of its records."""
        return [one["record"]["body"]["stringValue"] for one in self.told()]


@contextlib.contextmanager
def following(
    factory: Factory[Any], api: KubernetesApi, journal: Journal, **options: Any
) -> Iterator[KubernetesReceiver]:
    """A process, until the end of the block."""
    config = factory.config.model_validate({"auth_type": "none", "endpoint": api.address, **options})
    receiver: KubernetesReceiver = factory.create(config, Context(factory.name, Path()))
    receiver.start(Admission(checks(DomainResolver(DomainRules())), journal))
    try:
        yield receiver
    finally:
        receiver.shutdown(PATIENCE_SECS)


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    ends = time.monotonic() + PATIENCE_SECS
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.005)


def event(number: int, namespace: str = "shop", **fields: Any) -> Object:
    """One of the core's group; its message is its number."""
    return {
        "kind": "Event", "apiVersion": "v1",
        "metadata": {"name": f"e{number}", "namespace": namespace, "uid": f"uid-{number}", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": namespace}, "message": str(number), "type": "Normal", "reason": "Pulled",
        "lastTimestamp": "2026-01-01T00:00:00Z", **fields,
    }  # fmt: skip


def cluster() -> KubernetesApi:
    """With the kinds that are asked for."""
    api = KubernetesApi()
    api.serves("v1", "events", "pods")
    api.serves("v1", "nodes", namespaced=False)
    api.serves("events.k8s.io/v1", "events")
    return api
