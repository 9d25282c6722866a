"""Which kinds of objects the API server has, and at which path each is.

Source: Kubernetes API concepts, "Unaggregated discovery".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collector.transport.kubernetes.api import Api, Refused

_NOT_HERE = (404, 503)


class NotServed(Exception):
    """The server has no such kind."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind, by the name of its list: `pods`; the core's group is empty."""

    name: str
    group: str
    version: str
    namespaced: bool = True

    def path(self, namespace: str = "") -> str:
        """Of its list."""
        head = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{head}/namespaces/{namespace}/{self.name}" if namespace else f"{head}/{self.name}"


def find(api: Api, name: str, group: str, verb: str) -> Resource:
    """The kind in that group; where it is in none of that name, in the first that has it, the core's before all others.

    Raises:
        NotServed: in no group, or it can't be listed, or watched (`verb`).
        Refused: the server says no, or nothing.
    """
    verbs: set[str] = set()
    for each in _groups(api, group):
        for version in each["versions"]:
            found = _described(api, each["name"], version, name)
            if found is None:
                continue
            verbs |= set(found["verbs"])
            if verb in found["verbs"]:
                return Resource(name, each["name"], version, bool(found["namespaced"]))
    if verbs:
        raise NotServed(f"{name} can't be asked to {verb}, only {', '.join(sorted(verbs))}")
    raise NotServed(f"the API server has no {name}, in no group: it is the name of a list, such as pods")


def _groups(api: Api, wanted: str) -> Iterator[dict[str, Any]]:
    """`name` and `versions` of each, the preferred version first; the one that is wanted before all others."""
    core = {"name": "", "versions": ["v1"]}
    if not wanted:
        yield core
    listed = [_group(each) for each in api.get("/apis", {})["groups"]]
    yield from (each for each in listed if each["name"] == wanted)
    if wanted:
        yield core
    yield from (each for each in listed if each["name"] != wanted)


def _group(listed: dict[str, Any]) -> dict[str, Any]:
    preferred = listed.get("preferredVersion", {}).get("version", "")
    versions = [each["version"] for each in listed["versions"]]
    return {"name": listed["name"], "versions": sorted(versions, key=lambda version: version != preferred)}


def _described(api: Api, group: str, version: str, name: str) -> dict[str, Any] | None:
    try:
        listed = api.get(f"/apis/{group}/{version}" if group else f"/api/{version}", {})["resources"]
    except Refused as refusal:
        if refusal.status in _NOT_HERE:  # a group whose own server is away says nothing of the others
            return None
        raise
    return next((each for each in listed if each["name"] == name), None)
