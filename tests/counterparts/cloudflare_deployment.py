"""The Worker of deploy/cloudflare on workerd: bundled by wrangler as a deployment would, D1 and KV real, containers
pretended (tests/counterparts/cloudflare_deploy/main.mjs). Node 20 and npm are needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from counterparts.cloudflare import installed

_REPOSITORY = Path(__file__).parents[2]
DEPLOY = _REPOSITORY / "deploy" / "cloudflare"
_COUNTERPART = _REPOSITORY / "tests" / "counterparts" / "cloudflare_deploy"
_QUIET = {"WRANGLER_SEND_METRICS": "false", "WRANGLER_SEND_ERROR_REPORTS": "false", "DO_NOT_TRACK": "1", "CI": "1"}
_DOCKER = """#!/bin/sh
echo "$@" >> {log}
[ "$1" = build ] && cat > {dockerfile}
exit 0
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The deploy folder in a tree of its own, its npm packages beside it."""

    folder: Path

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A script of the packages, by its path in node_modules."""
        script, *arguments = command
        return subprocess.run(
            ["node", str(self.folder / "node_modules" / script), *arguments],
            cwd=self.folder, env={**os.environ, **_QUIET, **environment}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def dry_run(self) -> tuple[str, str, str]:
        """`npm run dry-run`: what wrangler printed, how it called Docker, the Dockerfile that Docker got. The bundle
        is in `bundle`."""
        docker, log, dockerfile = (self.folder / name for name in ("docker", "docker.log", "docker.got"))
        docker.write_text(_DOCKER.format(log=log, dockerfile=dockerfile))
        docker.chmod(0o755)
        scripts = json.loads((self.folder / "package.json").read_text())["scripts"]
        arguments = [*scripts["dry-run"].removeprefix("wrangler ").split(), "--outdir", str(self.bundle)]
        done = self.run("wrangler/bin/wrangler.js", *arguments, WRANGLER_DOCKER_BIN=str(docker))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, log.read_text(), dockerfile.read_text()

    @property
    def bundle(self) -> Path:
        """Where `dry_run` leaves the Worker."""
        return self.folder / "bundle"


def checked_out(root: Path) -> Checkout:
    """A copy of the deploy folder below `root`, which stands for the root of the repository."""
    folder = root / "deploy" / "cloudflare"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("node_modules", ".wrangler"))
    shutil.copytree(_COUNTERPART, folder, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(installed(DEPLOY, "package*.json") / "node_modules")
    return Checkout(folder)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The running Worker."""

    url: str

    def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (names in lower case) and body. Header names with `_` for `-`; `host` is the host that the Worker sees."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, body, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _lower(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read()

    def control(self, path: str) -> Any:
        """What main.mjs tells on this path."""
        status, _, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    def outbound(self, domain: str) -> str:
        """The exporters' `base_url` as seen from the container of a domain."""
        return f"{self.url}/outbound/{domain}/client/v4"


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def deployed(
    checkout: Checkout, containers: Mapping[str, Mapping[int, object]], bindings: Mapping[str, object]
) -> Iterator[Deployment]:
    """Run the bundle of `dry_run`. `containers`: see main.mjs; `bindings`: secrets, and variables to replace."""
    environment = {
        "BUNDLE": str(checkout.bundle),
        "CONTAINERS": json.dumps(containers),
        "BINDINGS": json.dumps(bindings),
    }
    with subprocess.Popen(
        ["node", str(checkout.folder / "run.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **_QUIET, **environment},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"the Worker did not start: exit {process.wait(10)}"
            yield Deployment(json.loads(line)["url"])
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
