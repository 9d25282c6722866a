"""The attributes of one pod, and of its containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processors.k8s_attributes.config import Extract
from processors.k8s_attributes.extraction import (
    OTEL_ANNOTATIONS,
    Container,
    Named,
    Pod,
    cron_job_of,
    deployment_of,
    extracted,
    image_parts,
)

_OWNERS = {
    "ReplicaSet": "replicaset", "DaemonSet": "daemonset", "StatefulSet": "statefulset", "Job": "job", "Deployment": "deployment", "CronJob": "cronjob",
}  # fmt: skip
_NAMES = ("app.kubernetes.io/name", "app.kubernetes.io/instance")
_VERSION = "app.kubernetes.io/version"


class Telling:
    """What the options ask for."""

    def __init__(self, extract: Extract) -> None:
        self._fields = frozenset(extract.metadata)
        self._labels = extract.labels
        self._annotations = [*extract.annotations, *([OTEL_ANNOTATIONS] if extract.otel_annotations else [])]
        self._by_name = extract.deployment_name_from_replicaset

    def wants(self, *names: str) -> bool:
        """Whether one of the attributes is asked for."""
        return not self._fields.isdisjoint(names)

    def rules_for(self, kind: str) -> bool:
        """Whether labels or annotations of a kind are asked for."""
        return any(rule.from_ == kind for rule in (*self._labels, *self._annotations))

    def needs_replica_sets(self) -> bool:
        """Whether nothing but replica sets tells the deployment."""
        return self.wants("k8s.deployment.uid") or self.rules_for("deployment") or (
            self.wants("k8s.deployment.name", "service.name") and not self._by_name
        )  # fmt: skip

    def of_object(self, kind: str, metadata: Mapping[str, Any]) -> dict[str, str]:
        """Attributes of a namespace, a node, a workload."""
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        return extracted(self._labels, labels, kind, "label") | extracted(
            self._annotations, annotations, kind, "annotation"
        )

    def of_pod(self, pod: Pod, owners: Mapping[str, Named], cluster: str) -> dict[str, str]:
        """Attributes of a pod; `owners` are all above it, as far as they are known."""
        deployment = owners.get("Deployment", Named())
        if self._by_name and "ReplicaSet" in owners and not deployment.name:
            deployment = Named(deployment_of(owners["ReplicaSet"].name), deployment.uid)
        cron_job = owners.get("CronJob", Named())
        if "Job" in owners and not cron_job.name:
            cron_job = Named(cron_job_of(owners["Job"].name), cron_job.uid)
        above = {**owners, "Deployment": deployment, "CronJob": cron_job}
        found = {
            "k8s.pod.name": pod.name, "k8s.pod.uid": pod.uid, "k8s.namespace.name": pod.namespace, "service.namespace": pod.namespace,
            "k8s.pod.hostname": pod.hostname, "k8s.pod.ip": pod.ip, "k8s.pod.start_time": pod.created, "k8s.node.name": pod.node,
            "k8s.cluster.uid": cluster, "service.name": self._service(pod, above), "service.version": pod.labels.get(_VERSION, ""),
        }  # fmt: skip
        for kind, word in _OWNERS.items():
            owner = above.get(kind, Named())
            found |= {f"k8s.{word}.name": owner.name, f"k8s.{word}.uid": owner.uid}
        kept = {key: value for key, value in found.items() if value and key in self._fields}
        return kept | self.of_object("pod", {"labels": pod.labels, "annotations": pod.annotations})

    def _service(self, pod: Pod, above: Mapping[str, Named]) -> str:
        """The last of those that there are."""
        names = [pod.name]
        names += [
            above[kind].name
            for kind in ("ReplicaSet", "Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob")
            if kind in above
        ]
        names += [pod.labels.get(label, "") for label in _NAMES]
        return [name for name in names if name][-1]

    def of_container(self, pod: Pod, name: str, ident: str, restarts: int | None) -> dict[str, Any]:
        """Attributes of the container that a resource names, or of the only one; `ident` is its id."""
        container = _container(pod, name, ident)
        if container is None:
            return {}
        image, tag, digest = image_parts(container.image)
        own, digests = container.runs.get(max(container.runs, default=0) if restarts is None else restarts, ("", ""))
        version = f"{tag}@{digest}" if tag and digest else digest or tag
        found: dict[str, Any] = {
            "k8s.container.name": container.name, "container.image.name": image, "container.image.tag": tag or ("latest" if image else ""),
            "container.id": own, "service.version": version, "service.instance.id": f"{pod.namespace}.{pod.name}.{container.name}",
        }  # fmt: skip
        if "@" in digests:
            found["container.image.repo_digests"] = [digests]
        return {key: value for key, value in found.items() if value and key in self._fields}


def _container(pod: Pod, name: str, ident: str) -> Container | None:
    if name:
        return pod.containers.get(name)
    if ident:
        having = (one for one in pod.containers.values() if any(own == ident for own, _ in one.runs.values()))
        return next(having, None)
    return next(iter(pod.containers.values())) if len(pod.containers) == 1 else None
