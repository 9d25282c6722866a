"""`make check-responses`: responses against a real API server and a real systemd; what they answered is kept in tests/golden/responses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import Response
from counterparts.kept_results import write_lines
from counterparts.kubernetes_server import LOGBOOM, Kubernetes
from counterparts.responding import NOW, Acting, response
from counterparts.user_manager import UserManager
from exporters.kubernetes import FACTORY as KUBERNETES
from exporters.systemd import FACTORY as SYSTEMD

KEPT = Path(__file__).parents[1] / "golden" / "responses"
OBJECTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: NAME, image: "example/NAME"}]}
"""
RIGHTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: logboom, namespace: shop}
rules:
  - {apiGroups: [apps], resources: [deployments], resourceNames: [api, gone, paused], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: logboom, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: logboom}
subjects: [{kind: User, name: logboom, apiGroup: rbac.authorization.k8s.io}]
"""


def acted(acting: Acting, one: Response) -> dict[str, Any]:
    """One attempt, as a line."""

    async def main() -> Done | NotDone:
        await acting.exporter.start()
        try:
            return await acting.exporter.act(one)
        except NotDone as refused:
            return refused
        finally:
            await acting.exporter.shutdown()

    found = asyncio.run(main())
    if isinstance(found, NotDone):
        return {"done": False, "reason": str(found)}
    return {"done": True, "reason": found.note, "was": found.was, "became": found.became}


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """With a namespace, workloads and a role for two of them."""
    with Kubernetes(tmp_path_factory.mktemp("kubernetes")) as server:
        texts = [OBJECTS.replace("NAME", name) for name in ("api", "db")]
        texts.append(OBJECTS.replace("NAME", "paused").replace("replicas: 2", "replicas: 2\n  paused: true"))
        for arguments, text in (
            (("create", "namespace", "shop"), ""),
            (("create", "--filename", "-"), "---".join([*texts, RIGHTS])),
        ):
            done = server.kubectl(*arguments, manifests=text)
            assert done.returncode == 0, done.stderr
        yield server


@pytest.mark.timeout(3600)
def test_kubernetes(kubernetes: Kubernetes) -> None:
    """Who may restart one deployment restarts it, once; a dry run and a repetition change nothing; other names are refused."""
    acting = Acting(
        KUBERNETES,
        {
            "endpoint": kubernetes.address, "headers": {"Authorization": f"Bearer {LOGBOOM}"}, "tls": {"insecure_skip_verify": True},
            "workloads": [f"shop/deployment/{name}" for name in ("api", "db", "gone", "paused")],
        },
    )  # fmt: skip

    def place() -> str:
        at = "jsonpath={.metadata.generation} {.metadata.resourceVersion}"
        return kubernetes.kubectl("get", "deployment", "api", "--namespace", "shop", "--output", at).stdout

    kept = []
    for name, target, more in (
        ("a dry run", "api", {"dry_run": True}), ("a restart", "api", {}), ("the same again", "api", {}),
        ("one that was proposed before", "api", {"proposed": NOW - 60 * 10**9}), ("a newer one", "api", {"proposed": NOW + 60 * 10**9}),
        ("a name without a right", "db", {}), ("a name that is not there", "gone", {}), ("one that is paused", "paused", {}),
    ):  # fmt: skip
        before = place()
        found = acted(acting, response(f"shop/deployment/{target}", **more))
        kept.append({"case": name, "target": target, "more": more, **found, "changed": place() != before})
    assert [line["changed"] for line in kept] == [False, True, False, False, True, False, False, False]
    assert [line["done"] for line in kept] == [True, True, True, True, True, False, False, False]
    write_lines(KEPT / "kubernetes.jsonl", kept)


@pytest.mark.timeout(600)
def test_systemd(tmp_path: Path) -> None:
    """A unit is restarted, once: it has another process. What can't be restarted says why."""
    with UserManager(tmp_path) as manager:
        units = ["api.service", "broken.service", "guarded.service", "none.service"]
        acting = Acting(SYSTEMD, {"units": units, "bus": "session", "address": manager.address})
        proposed, kept = time.time_ns(), []
        for name, target, dry_run in (
            ("a dry run", "api.service", True), ("a restart", "api.service", False), ("the same again", "api.service", False),
            ("one that starts nothing", "broken.service", False), ("one that nobody may start", "guarded.service", False),
            ("one that is not there", "none.service", False),
        ):  # fmt: skip
            before = manager.pid("api.service")
            found = acted(acting, response(target, proposed=proposed, started=proposed, dry_run=dry_run))
            found = {key: _without_numbers(value) if isinstance(value, str) else value for key, value in found.items()}
            kept.append(
                {"case": name, "unit": target, **found, "another process": manager.pid("api.service") != before}
            )
    assert [line["another process"] for line in kept] == [False, True, False, False, False, False]
    assert [line["done"] for line in kept] == [True, True, True, False, False, False]
    write_lines(KEPT / "systemd.jsonl", kept)


@pytest.mark.parametrize("unit", ["oneshot.service", "slow.service"])
def test_a_slow_start_of_systemd_is_waited_for(tmp_path: Path, unit: str) -> None:
    """It takes 3 s, an attempt has 1 s: it is started once."""
    with UserManager(tmp_path) as manager:
        options = {"units": [unit], "bus": "session", "address": manager.address, "timeout": "1s"}
        now = time.time_ns()
        one = response(unit, proposed=now, started=now)
        attempts = 0
        acting = Acting(SYSTEMD, options)
        while not isinstance(_attempt(acting, one), Done):
            attempts += 1
            assert attempts < 30
    assert attempts >= 2
    assert (tmp_path / "home" / unit).read_text() == "started\n"


def _attempt(acting: Acting, one: Response) -> Done | Again:
    try:
        return asyncio.run(acting.exporter.act(one))  # type: ignore[no-any-return]
    except Again as again:
        return again


def _without_numbers(text: str) -> str:
    return " ".join("N" if word.isdigit() else word for word in text.split())
