"""The part of an API server that a rollout restart meets: workloads, their annotations, generations, dry runs, rights.

It is held against what a real one answered (`tests/golden/responses`, `make check-responses`).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

PATH = "/apis/apps/v1/namespaces/shop/deployments/api"


def deployment(**annotations: str) -> dict[str, Any]:
    """One, which runs."""
    template = {"metadata": {"annotations": annotations} if annotations else {}, "spec": {}}
    return {
        "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop", "generation": 1, "resourceVersion": "1"},
        "spec": {"template": template}, "status": {},
    }  # fmt: skip


@dataclass
class KubernetesApi(Vendor):
    """`forbidden`: verbs that the role does not have."""

    objects: dict[str, dict[str, Any]] = field(default_factory=lambda: {PATH: deployment()})
    forbidden: frozenset[str] = frozenset()

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.method in self.forbidden:
            return said({"kind": "Status", "status": "Failure", "message": f"cannot {asked.method}"}, 403)
        if asked.path not in self.objects:
            return said({"kind": "Status", "status": "Failure", "message": _missing(asked)}, 404)
        found = self.objects[asked.path]
        if asked.method == "GET":
            return said(found)
        assert asked.headers["Content-Type"] == "application/strategic-merge-patch+json"
        assert asked.query["fieldManager"] == "logboom"
        after = deepcopy(found)
        annotations = after["spec"]["template"]["metadata"].setdefault("annotations", {})
        annotations |= asked.json["spec"]["template"]["metadata"]["annotations"]
        if after != found:
            after["metadata"]["generation"] += 1
            after["metadata"]["resourceVersion"] = str(int(after["metadata"]["resourceVersion"]) + 1)
        if "dryRun" not in asked.query:
            self.objects[asked.path] = after
        return said(after)


def _missing(asked: Asked) -> str:
    kind, name = asked.path.split("/")[-2:]
    return f'{kind}.apps "{name}" not found'
