"""What starts pipelines at GitHub, GitLab and Jenkins, as they document it; each counts what was started."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said


@dataclass
class Pipelines(Vendor):
    """`started`: the parameters of each run."""

    started: list[dict[str, str]] = field(default_factory=list)


class GitHub(Pipelines):
    """`owner/repo` with `rollback.yml`, which takes the input `id`."""

    PATH = "/repos/owner/repo/actions/workflows/rollback.yml"

    def act(self, asked: Asked) -> HttpAnswer:
        assert asked.headers["Authorization"] == "Bearer secret-token"
        if asked.path == self.PATH and asked.method == "GET":
            return said({"id": 1, "state": "active"})
        if asked.path != f"{self.PATH}/dispatches":
            return said({"message": "Not Found"}, 404)
        given = asked.json
        assert set(given) == {"ref", "inputs", "return_run_details"}
        assert len(given["inputs"]) <= 25
        self.started.append(given["inputs"])
        return said({"workflow_run_id": 7, "html_url": "https://github.com/owner/repo/actions/runs/7"})


class GitLab(Pipelines):
    """The project `group/shop`."""

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.path != "/api/v4/projects/group%2Fshop/trigger/pipeline":
            return said({"message": "404 Not Found"}, 404)
        assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
        form = asked.form
        assert (form.pop("token"), form.pop("ref")) == ("secret-token", "main")
        assert all(name.startswith("variables[") and name.endswith("]") for name in form)
        self.started.append({name[len("variables[") : -1]: value for name, value in form.items()})
        return said({"id": 9, "web_url": "https://gitlab.example/group/shop/-/pipelines/9"}, 201)


class Jenkins(Pipelines):
    """The job `ops/rollback`."""

    def act(self, asked: Asked) -> HttpAnswer:
        assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"bot:secret-token").decode()
        if asked.path == "/job/ops/job/rollback/api/json":
            return said({"buildable": True})
        if asked.path != "/job/ops/job/rollback/buildWithParameters":
            return said({}, 404)
        self.started.append(asked.form)
        return HttpAnswer(201, {"Location": "https://ci.example/queue/item/3/"}, b"")
