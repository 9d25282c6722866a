"""Cloudflare's deployments of a Worker: the list, newest first, and the creation, which checks what is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

ACCOUNT = "acc"
PATH = f"/client/v4/accounts/{ACCOUNT}/workers/scripts/shop/deployments"


def deployed(version: str, at: str, percentage: int = 100, other: str = "", message: str = "") -> dict[str, Any]:
    """One deployment."""
    versions = [{"version_id": version, "percentage": percentage}]
    versions += [{"version_id": other, "percentage": 100 - percentage}] if other else []
    return {
        "id": f"d-{version}-{at}", "created_on": at, "strategy": "percentage", "versions": versions, "source": "wrangler",
        "annotations": {"workers/message": message} if message else {},
    }  # fmt: skip


@dataclass
class Workers(Vendor):
    """`refuses`: the code with which a creation is refused."""

    deployments: list[dict[str, Any]] = field(
        default_factory=lambda: [
            deployed("v3", "2023-11-14T22:00:00.000000Z"),
            deployed("v2", "2023-11-14T20:00:00.000000Z", 50, "v1"),
            deployed("v1", "2023-11-13T20:00:00.000000Z"),
        ]
    )
    refuses: int = 0

    def act(self, asked: Asked) -> HttpAnswer:
        assert asked.headers["Authorization"] == "Bearer secret-token" if "Authorization" in asked.headers else True
        if asked.path != PATH:
            return self._failed(10007, "This Worker does not exist on your account.", 404)
        if asked.method == "GET":
            return said({"success": True, "errors": [], "messages": [], "result": {"deployments": self.deployments}})
        given = asked.json
        assert asked.method == "POST"
        assert given["strategy"] == "percentage"
        assert sum(one["percentage"] for one in given["versions"]) == 100
        assert len(given["annotations"]["workers/message"]) <= 100
        known = {version["version_id"] for one in self.deployments for version in one["versions"]}
        assert {one["version_id"] for one in given["versions"]} <= known
        if self.refuses:
            return self._failed(self.refuses, "cannot deploy", 400)
        made = deployed(
            given["versions"][0]["version_id"],
            "2023-11-14T22:13:21.000000Z",
            message=given["annotations"]["workers/message"],
        )
        self.deployments.insert(0, made)
        return said({"success": True, "errors": [], "messages": [], "result": made})

    @staticmethod
    def _failed(code: int, message: str, status: int) -> HttpAnswer:
        return said(
            {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}, status
        )
