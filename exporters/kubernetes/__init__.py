"""Rollout restarts on Kubernetes."""

from collector.component import Factory, Kind
from exporters.kubernetes.config import KubernetesConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="kubernetes",
    config=KubernetesConfig,
    behaviour="exporters.kubernetes.exporter:KubernetesExporter",
    summary="restarts a workload on Kubernetes, pod by pod, when `alerting` starts that response",
    stability="alpha",
    local_reason="it changes workloads with the rights of this machine",
)
