"""The `k8s_objects` receiver."""

from __future__ import annotations

from collector.component import Context
from collector.ingress.kubernetes.receiver import KubernetesReceiver
from collector.receivers.k8s_objects.config import K8sObjectsConfig
from collector.receivers.k8s_objects.objects import SCOPE, record


class K8sObjectsReceiver(KubernetesReceiver):
    """Objects as records."""

    def __init__(self, config: K8sObjectsConfig, context: Context) -> None:
        super().__init__(config, context, config.domain, config.wanted(), SCOPE, record)
