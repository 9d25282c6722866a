"""The `k8s_events` receiver."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.kubernetes.receiver import KubernetesReceiver
from collector.receivers.k8s_events.config import K8sEventsConfig
from collector.receivers.k8s_events.events import SCOPE, Events


class K8sEventsReceiver(KubernetesReceiver):
    """Events as records."""

    def __init__(self, config: K8sEventsConfig, context: Context) -> None:
        super().__init__(config, context, config.domain, config.wanted(), SCOPE, Events(config.dedup_interval).record)
