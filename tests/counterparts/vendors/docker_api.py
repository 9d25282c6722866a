"""Docker's Engine API, as far as it documents a look and a restart; checks each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

STARTED = "2023-11-14T21:00:00.123456789Z"


@dataclass
class DockerApi(Vendor):
    """`now`: the time at which a restart happens; `restarts`: of each container."""

    containers: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "api": {"Id": "a" * 64, "State": {"Status": "running", "StartedAt": STARTED, "Pid": 11}}
        }
    )
    now: datetime = datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)
    restarts: list[str] = field(default_factory=list)

    def act(self, asked: Asked) -> HttpAnswer:
        _, root, name, verb = asked.path.split("/")
        assert root == "containers"
        if name not in self.containers:
            return said({"message": f"No such container: {name}"}, 404)
        found = self.containers[name]
        if verb == "json":
            assert asked.method == "GET"
            return said(found)
        assert (asked.method, verb) == ("POST", "restart")
        assert set(asked.query) <= {"t", "signal"}
        assert int(asked.query["t"]) >= 0
        assert asked.body == b""
        self.restarts.append(name)
        found["State"] |= {
            "StartedAt": f"{self.now:%Y-%m-%dT%H:%M:%S}.000000001Z",
            "Pid": found["State"]["Pid"] + 1,
        }
        return HttpAnswer(204, {}, b"")
