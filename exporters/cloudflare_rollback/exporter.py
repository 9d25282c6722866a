"""Gives a Worker its last version back: the newest before the one that serves which served alone.

Source: Cloudflare, Workers API, "Deployments" (list, create), "Rollbacks": up to 100 versions back; code 10220: bindings or secrets changed in
between. The deployment says by whom it was made: so a repetition finds it, and makes no second one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from collector.component import Context
from collector.responses.acting import Acts
from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import Response
from collector.transport.call_budget import BudgetSpent
from collector.transport.cloudflare import Answer, CloudflareClient, Method
from collector.transport.http_client import describe, needs_people
from exporters.cloudflare_rollback.config import CloudflareRollbackConfig

_CHANGED = 10220
_MOST_BACK = 100
_MESSAGE = "workers/message"


class CloudflareRollbackExporter(Acts):
    """A look at what is deployed, and one deployment."""

    def __init__(self, config: CloudflareRollbackConfig, context: Context) -> None:
        super().__init__(context)
        self._config = config
        self._client = CloudflareClient(config, context.data_dir)

    async def start(self) -> None:
        """Make the connection pool; nothing is connected yet."""
        await self._client.start()

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def act(self, response: Response) -> Done:
        """Deploy the version before."""
        if response.target not in self._config.scripts:
            raise NotDone(f"{response.target} is not one of `scripts`")
        if not response.deployment:
            raise NotDone("it takes back deployments, and this response names none: `rollback_within` is needed")
        path = f"/workers/scripts/{response.target}/deployments"
        deployed = _deployments((await self._call("GET", path)).result)
        now, key = deployed[0], f"logboom {response.id}"
        if key in str((now.get("annotations") or {}).get(_MESSAGE, "")):
            return Done("", _versions(now), "it was rolled back before")
        if _created(now) > datetime.fromtimestamp(response.proposed / 1e9, UTC):
            raise NotDone("something was deployed since this was proposed")
        version = _last_alone(deployed)
        if response.dry_run:
            return Done(_versions(now), f"{version} at 100 %", "the version is there; Cloudflare tries none")
        said = {
            "strategy": "percentage", "versions": [{"version_id": version, "percentage": 100}], "annotations": {_MESSAGE: key},
        }  # fmt: skip
        await self._call("POST", path, orjson.dumps(said))
        return Done(_versions(now), f"{version} at 100 %")

    async def _call(self, method: Method, path: str, body: bytes | None = None) -> Answer:
        try:
            async with asyncio.timeout(self._config.timeout or None):
                answer = await self._client.call(method, path, body)
        except BudgetSpent as spent:
            raise Again(str(spent), spent.after_secs) from spent
        except Exception as error:  # whatever the HTTP client raises
            sentence = describe(error)
            raise (NotDone(sentence) if needs_people(error) else Again(sentence)) from error
        if answer.succeeded:
            return answer
        if answer.code == _CHANGED:
            raise NotDone("secrets or bindings changed since that version: people must decide")
        if answer.status in (408, 429) or answer.status >= 500:
            raise Again(answer.reason, answer.after_secs)
        raise NotDone(f"Cloudflare answered {answer.reason}")


def _deployments(result: Any) -> Sequence[Mapping[str, Any]]:
    """The newest first."""
    found = result.get("deployments") if isinstance(result, dict) else None
    if not isinstance(found, list) or not found:
        raise NotDone("nothing is deployed there")
    return sorted(found, key=_created, reverse=True)


def _created(one: Mapping[str, Any]) -> datetime:
    try:
        at = datetime.fromisoformat(str(one.get("created_on", "")))
    except ValueError:
        raise NotDone("a deployment says no time") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _last_alone(deployed: Sequence[Mapping[str, Any]]) -> str:
    serving = {version["version_id"] for version in deployed[0]["versions"]}
    for one in deployed[1 : _MOST_BACK + 1]:
        versions = one["versions"]
        if len(versions) == 1 and versions[0]["percentage"] == 100 and versions[0]["version_id"] not in serving:
            return str(versions[0]["version_id"])
    raise NotDone("no other version served alone among the last hundred deployments")


def _versions(one: Mapping[str, Any]) -> str:
    return ", ".join(f"{version['version_id']} at {version['percentage']} %" for version in one["versions"])
