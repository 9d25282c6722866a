"""Objects of the API → attributes, by the options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.ottl.plain.patterns import compiled, expanded
from processors.k8s_attributes.config import FieldExtract

Object = Mapping[str, Any]
_PLURAL = ("pod", "namespace", "node")
OTEL_ANNOTATIONS = FieldExtract(tag_name="$1", key_regex=r"resource\.opentelemetry\.io/(.+)")
"""What `otel_annotations` means."""
_REFERENCE = re.compile(r"\$(\d+|\{\w+\}|[A-Za-z_])")
_CRON_JOB = re.compile(r"(.*)-\d+")
_POD_HASH = re.compile(r"(.*)-[a-z0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Named:
    """Another object, by name and uid."""

    name: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Pod:
    """What is kept of a pod."""

    uid: str
    name: str
    namespace: str
    node: str = ""
    ip: str = ""
    hostname: str = ""
    host_network: bool = False
    created: str = ""
    started: str = ""
    owners: Mapping[str, Named] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    containers: Mapping[str, Container] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Container:
    """One of its containers. `runs`: number of the restart → (id, digests of its image)."""

    name: str
    image: str = ""
    runs: Mapping[int, tuple[str, str]] = field(default_factory=dict)


def owners_of(found: Object) -> dict[str, Named]:
    """Kind → who owns an object."""
    references = found["metadata"].get("ownerReferences") or []
    return {one["kind"]: Named(one["name"], one["uid"]) for one in references}


def pod_of(found: Object) -> Pod:
    """What is kept of a pod. Raises KeyError for what is none."""
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    return Pod(
        meta["uid"], meta["name"], meta["namespace"], spec.get("nodeName", ""), status.get("podIP", ""), spec.get("hostname", ""),
        bool(spec.get("hostNetwork")), meta.get("creationTimestamp") or "", status.get("startTime") or "", owners_of(found),
        meta.get("labels") or {}, meta.get("annotations") or {}, _containers(spec, status),
    )  # fmt: skip


def _containers(spec: Object, status: Object) -> dict[str, Container]:
    images = {
        one["name"]: one.get("image", "") for kind in ("containers", "initContainers") for one in spec.get(kind) or []
    }
    runs: dict[str, dict[int, tuple[str, str]]] = {}
    for kind in ("containerStatuses", "initContainerStatuses"):
        for one in status.get(kind) or []:
            ident = one.get("containerID", "").rpartition("://")[2]
            digest = one.get("imageID", "").rpartition("://")[2]
            runs.setdefault(one["name"], {})[int(one.get("restartCount", 0))] = (ident, digest)
    return {name: Container(name, images.get(name, ""), runs.get(name, {})) for name in {**images, **runs}}


def extracted(rules: Sequence[FieldExtract], given: Mapping[str, str], kind: str, what: str) -> dict[str, str]:
    """Labels (`what` label) or annotations of an object of a kind as attributes."""
    default = f"k8s.{kind}.{what}{'s' if kind in _PLURAL else ''}."
    found: dict[str, str] = {}
    for rule in rules:
        if rule.from_ != kind:
            continue
        if rule.key_regex:
            found |= _by_expression(rule, given, default)
        elif rule.key in given:
            found[rule.tag_name or default + rule.key] = given[rule.key]
    return found


def _by_expression(rule: FieldExtract, given: Mapping[str, str], default: str) -> dict[str, str]:
    expression, found = compiled(f"^(?:{rule.key_regex})$"), {}
    refers = _REFERENCE.search(rule.tag_name) is not None
    for key, value in given.items():
        match = expression.search(key)
        if match is not None and value:
            found[expanded(rule.tag_name, match) if refers else default + key] = value
    return found


def cron_job_of(job: str) -> str:
    """The name of the cron job that made a job of this name; empty: none did."""
    found = _CRON_JOB.fullmatch(job)
    return found[1] if found else ""


def deployment_of(replica_set: str) -> str:
    """The name of a deployment whose replica set is called so."""
    found = _POD_HASH.fullmatch(replica_set)
    return found[1] if found else ""


def image_parts(image: str) -> tuple[str, str, str]:
    """An image's name, tag and digest."""
    plain, _, digest = image.partition("@")
    name, colon, tag = plain.rpartition(":")
    if not colon or "/" in tag:
        name, tag = plain, ""
    return name, tag, digest
