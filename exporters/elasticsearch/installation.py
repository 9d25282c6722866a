"""What indices need before the first document: an index template, and a policy that deletes old documents.

Made when the exporter first sends, so that a cluster that is away stops nothing else; made again after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import orjson

from collector.transport.http_answers import described
from collector.transport.http_client import HttpAnswer
from exporters.elasticsearch.answers import TAKEN
from exporters.elasticsearch.config import Mapping as DocumentMapping
from exporters.elasticsearch.config import Setup
from exporters.elasticsearch.mappings import mappings

Method = Literal["GET", "PUT", "POST"]
Call = Callable[[Method, str, "bytes | None"], Awaitable[HttpAnswer]]
"""(method, path, JSON) → answer."""


class NotInstalled(Exception):
    """The cluster did not take it; `may_pass` tells whether another attempt can help."""

    def __init__(self, what: str, answer: HttpAnswer) -> None:
        objection = TAKEN.objection(answer) if answer.status < 300 else ""
        super().__init__(f"{what}: {objection or described(answer.status, _reason(answer.body))}")
        self.may_pass = answer.status == 429 or answer.status >= 500


class Installation:
    """Puts template and policy once, however many requests wait for it."""

    def __init__(self, setup: Setup, mapping: DocumentMapping) -> None:
        self._setup = setup
        self._mapping = mapping
        self._done = False
        self._lock = asyncio.Lock()

    async def ensure(self, call: Call) -> None:
        """Raises `NotInstalled`, or what `call` raises."""
        async with self._lock:
            if not self._done:
                await self._install(call)
                self._done = True

    async def _install(self, call: Call) -> None:
        opensearch = _is_opensearch(await _ask(call, "GET", "/", None))
        for path, document in documents(self._setup, self._mapping, opensearch).items():
            await _ask(call, "PUT", path, document)


def documents(setup: Setup, mapping: DocumentMapping, opensearch: bool) -> dict[str, dict[str, Any]]:
    """Path → what is put there, in order."""
    found: dict[str, dict[str, Any]] = {}
    for part in setup.parts():
        found |= _of_part(part, mapping, opensearch)
    return found


def _of_part(setup: Setup, mapping: DocumentMapping, opensearch: bool) -> dict[str, dict[str, Any]]:
    lifecycle = setup.lifecycle
    if lifecycle == "auto":
        lifecycle = "ism" if opensearch else "data_stream"
    if not setup.retention:
        lifecycle = "none"
    found: dict[str, dict[str, Any]] = {}
    if lifecycle == "ilm":
        found[f"/_ilm/policy/{setup.name}"] = _ilm(setup)
    if lifecycle == "ism":
        found[f"/_plugins/_ism/policies/{setup.name}"] = _ism(setup)
    found[f"/_index_template/{setup.name}"] = _template(setup, mapping, opensearch, lifecycle)
    return found


def _template(setup: Setup, mapping: DocumentMapping, opensearch: bool, lifecycle: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"number_of_shards": setup.shards, "number_of_replicas": setup.replicas}
    if lifecycle == "ilm":
        settings["index.lifecycle.name"] = setup.name
    template: dict[str, Any] = {"settings": settings, "mappings": mappings(mapping, opensearch)}
    if lifecycle == "data_stream":
        template["lifecycle"] = {"data_retention": f"{_hours(setup)}h"}
    stream: dict[str, Any] = {"data_stream": {}} if setup.data_stream else {}
    return {"index_patterns": setup.index_patterns, "priority": setup.priority, "template": template, **stream}


def _ilm(setup: Setup) -> dict[str, Any]:
    rollover = {"max_primary_shard_size": f"{setup.rollover_size}b", "max_age": "1d"}
    hot = {"min_age": "0ms", "actions": {"rollover": rollover}}
    gone = {"min_age": f"{_hours(setup)}h", "actions": {"delete": {}}}
    return {"policy": {"phases": {"hot": hot, "delete": gone}}}


def _ism(setup: Setup) -> dict[str, Any]:
    rollover = {"min_primary_shard_size": f"{setup.rollover_size}b", "min_index_age": "1d"}
    transition = {"state_name": "delete", "conditions": {"min_index_age": f"{_hours(setup)}h"}}
    return {
        "policy": {
            "description": "made by logboom",
            "default_state": "hot",
            "states": [
                {"name": "hot", "actions": [{"rollover": rollover}], "transitions": [transition]},
                {"name": "delete", "actions": [{"delete": {}}], "transitions": []},
            ],
            "ism_template": [{"index_patterns": setup.index_patterns, "priority": setup.priority}],
        }
    }


def _hours(setup: Setup) -> int:
    return int(setup.retention // 3600)


async def _ask(call: Call, method: Method, path: str, document: Mapping[str, Any] | None) -> Any:
    answer = await call(method, path, None if document is None else orjson.dumps(document))
    if answer.status == 409 and "/_ism/" in path:
        return None  # it is there; ISM wants to be told the version it replaces, and keeps what an operator changed
    if not 200 <= answer.status < 300 or TAKEN.objection(answer):
        raise NotInstalled(f"{method} {path}", answer)
    return orjson.loads(answer.body)


def _is_opensearch(root: Any) -> bool:
    version = root.get("version") if isinstance(root, dict) else None
    return isinstance(version, dict) and version.get("distribution") == "opensearch"


def _reason(body: bytes) -> str:
    try:
        error = orjson.loads(body)["error"]
        return error[:500] if isinstance(error, str) else f"{error['type']}: {error.get('reason', '')}"[:500]
    except (ValueError, KeyError, TypeError):
        return ""
