"""What is known of the cluster: followed by threads, asked by steps."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from collector.transport.kubernetes.lists import Object
from collector.transport.kubernetes.watching import Watch
from processors.k8s_attributes.config import K8sAttributesConfig
from processors.k8s_attributes.extraction import Named, Pod, owners_of, pod_of
from processors.k8s_attributes.told import Telling

Key = tuple[tuple[str, str], ...]
"""Of a pod: (attribute, value) of each source that tells it; `connection` is one."""
CONNECTION, IP = "connection", "k8s.pod.ip"
IGNORE = "opentelemetry.io/k8s-processor/ignore"
_WORKLOADS = {
    "replicaset": "/apis/apps/v1/replicasets", "deployment": "/apis/apps/v1/deployments", "statefulset": "/apis/apps/v1/statefulsets",
    "daemonset": "/apis/apps/v1/daemonsets", "job": "/apis/batch/v1/jobs",
}  # fmt: skip
_OWNER_OF = {"ReplicaSet": ("replicaset", "Deployment"), "Job": ("job", "CronJob")}


class Cluster:
    """Pods by what tells them, and what they belong to.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, config: K8sAttributesConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.telling = Telling(config.extract)
        self._config, self._clock = config, clock
        self._associations = [
            [source.name if source.from_ == "resource_attribute" else CONNECTION for source in one.sources]
            for one in config.pod_association
        ]
        self._excluded = [re.compile(pod.name) for pod in config.exclude.pods]
        self._lock = threading.Lock()
        self._pods: dict[str, Pod] = {}
        self._by_key: dict[Key, str] = {}
        self._keys: dict[str, list[Key]] = {}
        self._objects: dict[str, dict[str, Object]] = {}
        self._leaving: dict[str, float] = {}  # the first to be forgotten first
        self._version = 0
        self._watches = [] if config.passthrough else list(self._make_watches())

    def start(self) -> None:
        """Begin to follow."""
        for watch in self._watches:
            watch.start()

    def shutdown(self) -> None:
        """End it."""
        for watch in self._watches:
            watch.shutdown()

    def wait(self, until: float) -> bool:
        """Until all was told once, or a monotonic time; whether it was."""
        return all(watch.synced.wait(max(0.0, until - self._clock())) for watch in self._watches)

    # --- asked by steps

    def version(self) -> int:
        """Grows with each change."""
        with self._lock:
            self._sweep()
            return self._version

    def pod(self, key: Key) -> Pod | None:
        """The pod that has these."""
        with self._lock:
            return self._pods.get(self._by_key.get(key, ""))

    def attributes(self, pod: Pod) -> dict[str, str]:
        """Those of a pod."""
        with self._lock:
            return self._told(pod)

    def of(self, kind: str, name: str) -> dict[str, str]:
        """Attributes of a namespace or node by name, a workload by uid."""
        with self._lock:
            found = self._objects.get(kind, {}).get(name)
        if found is None:
            return {}
        told = self.telling.of_object(kind, found["metadata"])
        if kind == "node" and self.telling.wants("k8s.node.uid"):
            told["k8s.node.uid"] = found["metadata"]["uid"]
        return told

    def owners(self, pod: Pod) -> dict[str, Named]:
        """Kind → who owns a pod, also above its replica set or job."""
        with self._lock:
            return self._owners(pod)

    # --- told by watches

    def put_pods(self, pods: Sequence[Pod]) -> None:
        """These are all that there are."""
        with self._lock:
            for uid in self._pods.keys() - {pod.uid for pod in pods}:
                self._leave(uid)
            for pod in pods:
                self._stay(pod)

    def put_pod(self, pod: Pod, *, gone: bool) -> None:
        """One is new, changed or gone."""
        with self._lock:
            if gone:
                self._leave(pod.uid)
            else:
                self._stay(pod)

    def put_objects(self, kind: str, objects: Mapping[str, Object]) -> None:
        """These are all of a kind."""
        with self._lock:
            self._objects[kind] = dict(objects)
            self._version += 1
            self._index_again()

    def put_object(self, kind: str, name: str, found: Object, *, gone: bool) -> None:
        """One of a kind is new, changed or gone."""
        with self._lock:
            own = self._objects.setdefault(kind, {})
            if gone:
                own.pop(name, None)
            else:
                own[name] = found
            self._version += 1

    def _stay(self, pod: Pod) -> None:
        """It may have been gone: one that the filter takes again has the uid that it had."""
        self._leaving.pop(pod.uid, None)
        self._put(pod)

    def _put(self, pod: Pod) -> None:
        self._version += 1
        for key in self._keys.pop(pod.uid, ()):
            if self._by_key.get(key) == pod.uid:
                del self._by_key[key]
        if pod.annotations.get(IGNORE, "").strip().lower() == "true" or any(
            one.search(pod.name) for one in self._excluded
        ):
            self._pods.pop(pod.uid, None)
            return
        self._pods[pod.uid] = pod
        self._keys[pod.uid] = own = list(self._keys_of(pod))
        for key in own:  # an address goes from one pod to the next: the one that began later has it
            other = self._pods.get(self._by_key.get(key, ""))
            if other is None or pod.started >= other.started:
                self._by_key[key] = pod.uid

    def _index_again(self) -> None:
        """What pods are told by may be what they belong to."""
        for pod in list(self._pods.values()):
            self._put(pod)

    def _leave(self, uid: str) -> None:
        if uid in self._pods:
            self._leaving.setdefault(uid, self._clock() + self._config.pod_delete_grace_period)

    def _sweep(self) -> None:
        now = self._clock()
        for uid in list(takewhile(lambda uid: self._leaving[uid] <= now, self._leaving)):
            del self._leaving[uid]
            self._pods.pop(uid, None)
            for key in self._keys.pop(uid, ()):
                if self._by_key.get(key) == uid:
                    del self._by_key[key]
            self._version += 1

    def _told(self, pod: Pod) -> dict[str, str]:
        system = self._objects.get("namespace", {}).get("kube-system")
        return self.telling.of_pod(pod, self._owners(pod), system["metadata"]["uid"] if system else "")

    def _owners(self, pod: Pod) -> dict[str, Named]:
        found = dict(pod.owners)
        for kind, (word, above) in _OWNER_OF.items():
            own = self._objects.get(word, {}).get(found[kind].uid) if kind in found else None
            if own is not None and above in (owners := owners_of(own)):
                found[above] = owners[above]
        return found

    def _keys_of(self, pod: Pod) -> Iterator[Key]:
        told = self._told(pod)
        address = "" if pod.host_network else pod.ip
        values = told | {
            "k8s.namespace.name": pod.namespace, "k8s.pod.name": pod.name, "k8s.pod.uid": pod.uid, "host.name": pod.ip, IP: pod.ip,
            CONNECTION: address,
        }  # fmt: skip
        idents = [ident for one in pod.containers.values() for ident, _ in one.runs.values() if ident]
        for sources in self._associations:
            for ident in idents if "container.id" in sources else [""]:
                key = tuple(
                    (source, ident if source == "container.id" else values.get(source, "")) for source in sources
                )
                if key and all(value for _, value in key):
                    yield key
        yield (("k8s.pod.uid", pod.uid),)
        if address:
            yield ((CONNECTION, address),)
            yield ((IP, address),)

    def _make_watches(self) -> Iterator[Watch]:
        config, telling = self._config, self.telling
        access = config.access()
        filters, node = config.filter, config.filter.on_node()
        fields = [*(one.selector() for one in filters.fields), *([f"spec.nodeName={node}"] if node else [])]
        selectors = {
            "labelSelector": ",".join(one.selector() for one in filters.labels),
            "fieldSelector": ",".join(fields),
        }
        for kind, path in _WORKLOADS.items():
            if telling.rules_for(kind) or (kind == "replicaset" and telling.needs_replica_sets()) or (
                kind == "job" and telling.wants("k8s.cronjob.uid")
            ):  # fmt: skip
                yield Watch(access, _within(path, filters.namespace), {}, _Objects(self, kind, "uid"), bare=True)
        if telling.rules_for("namespace") or telling.wants("k8s.cluster.uid"):
            only = {} if telling.rules_for("namespace") else {"fieldSelector": "metadata.name=kube-system"}
            yield Watch(access, "/api/v1/namespaces", only, _Objects(self, "namespace", "name"), bare=True)
        if telling.rules_for("node") or telling.wants("k8s.node.uid"):
            only = {"fieldSelector": f"metadata.name={node}"} if node else {}
            yield Watch(access, "/api/v1/nodes", only, _Objects(self, "node", "name"), bare=True)
        yield Watch(access, _within("/api/v1/pods", filters.namespace), selectors, _Pods(self))


class _Pods:
    """Follows pods."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def listed(self, objects: Sequence[Object]) -> None:
        self._cluster.put_pods([pod_of(found) for found in objects])

    def changed(self, found: Object, *, gone: bool) -> None:
        self._cluster.put_pod(pod_of(found), gone=gone)


class _Objects:
    """Follows objects of one kind, by name or uid."""

    def __init__(self, cluster: Cluster, kind: str, by: str) -> None:
        self._cluster, self._kind, self._by = cluster, kind, by

    def listed(self, objects: Sequence[Object]) -> None:
        self._cluster.put_objects(self._kind, {found["metadata"][self._by]: _small(found) for found in objects})

    def changed(self, found: Object, *, gone: bool) -> None:
        self._cluster.put_object(self._kind, found["metadata"][self._by], _small(found), gone=gone)


def _small(found: Object) -> Object:
    """What is kept of an object's metadata."""
    meta: dict[str, Any] = found["metadata"]
    return {
        "metadata": {
            name: meta[name] for name in ("name", "uid", "labels", "annotations", "ownerReferences") if name in meta
        }
    }


def _within(path: str, namespace: str) -> str:
    head, _, kind = path.rpartition("/")
    return f"{head}/namespaces/{namespace}/{kind}" if namespace else path
