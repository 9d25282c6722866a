"""Restarts workloads as `kubectl rollout restart` does: by an annotation of their pods, here with the time of the proposal.

Source: Kubernetes, API concepts, "Patch" and "Dry-run"; kubectl, `pkg/polymorphichelpers/objectrestarter.go`. The same annotation again changes
nothing: neither `generation` nor `resourceVersion`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from collector.component import Context
from collector.responses.http_acting import HttpActs
from collector.responses.outcome import Done, NotDone
from collector.responses.response import Response
from collector.transport.http_client import HttpAnswer
from exporters.kubernetes.config import KubernetesConfig

ANNOTATION = "kubectl.kubernetes.io/restartedAt"
_PATCH = {"Content-Type": "application/strategic-merge-patch+json", "Accept": "application/json"}


class KubernetesExporter(HttpActs):
    """One PATCH, which may be repeated."""

    who = "the API server"

    def __init__(self, config: KubernetesConfig, context: Context) -> None:
        super().__init__(config, context, config.timeout)
        self._config = config

    async def act(self, response: Response) -> Done:
        """Restart a workload, unless somebody did since it was proposed."""
        url = self._url(response.target)
        before = _object(await self.call("GET", url, asks=True))
        at = datetime.fromtimestamp(response.proposed // 10**9, UTC)
        restarted = _restarted_at(before)
        if restarted is not None and restarted > at:
            return Done(_shown(before), _shown(before), f"somebody restarted it at {restarted:%H:%M:%S} UTC")
        if before.get("spec", {}).get("paused"):
            raise NotDone("its rollout is paused")
        said = {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: at.strftime("%Y-%m-%dT%H:%M:%SZ")}}}}}
        options = "fieldManager=logboom" + ("&dryRun=All" if response.dry_run else "")
        after = _object(await self.call("PATCH", f"{url}?{options}", orjson.dumps(said), _PATCH))
        return Done(_shown(before), _shown(after), "the server would take it" if response.dry_run else "")

    def said(self, answer: HttpAnswer) -> str:
        """The message of a `Status`."""
        try:
            return str(orjson.loads(answer.body).get("message", ""))[:300]
        except (ValueError, AttributeError):
            return ""

    def _url(self, target: str) -> str:
        if target not in self._config.workloads:
            raise NotDone(f"{target} is not one of `workloads`")
        namespace, kind, name = target.split("/")
        return f"{self._config.endpoint.rstrip('/')}/apis/apps/v1/namespaces/{namespace}/{kind}s/{name}"


def _object(answer: HttpAnswer) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.body)
        if isinstance(found["metadata"], dict):
            return dict(found)
    except (ValueError, KeyError, TypeError):
        pass
    raise NotDone("it was not the API server that answered")


def _annotations(found: dict[str, Any]) -> dict[str, str]:
    return found.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations") or {}


def _restarted_at(found: dict[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(_annotations(found).get(ANNOTATION, ""))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _shown(found: dict[str, Any]) -> str:
    status = found.get("status", {})
    ready = f", {status.get('readyReplicas', 0)} of {status['replicas']} ready" if "replicas" in status else ""
    return f"generation {found['metadata'].get('generation', 0)}{ready}"
