"""A real kube-apiserver on a real etcd, built from Go modules, on loopback; no controllers, no nodes. Go 1.26 is needed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Self

from collector.testing.service import free_ports
from counterparts.helm_chart import program

SOURCES = Path(__file__).parents[2] / "tests" / "counterparts" / "kubernetes"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "logboom-tests"
_GO = {"GOFLAGS": "-trimpath -buildvcs=false", "CGO_ENABLED": "0"}
_TOKEN, _START_SECS = "operator", 120
LOGBOOM = "logboom"
"""The token of a user who may nothing but what roles say."""


def built() -> Path:
    """The folder with both programs (six minutes on two cores the first time)."""
    files = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    home = _CACHE / f"kubernetes-{hashlib.sha256(b''.join(path.read_bytes() for path in files)).hexdigest()[:16]}"
    if not home.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=_CACHE))
        try:
            for name in ("etcd", "apiserver"):
                command = ["nice", "go", "build", "-ldflags=-s -w", "-o", str(building / name), f"./{name}"]
                subprocess.run(command, cwd=SOURCES, env={**os.environ, **_GO}, check=True)
            building.rename(home)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home


class Kubernetes:
    """Both in `folder`, until the end of the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._etcd, self._peers, self._port = free_ports(3)
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        """Of the API server; its certificate is its own."""
        return f"https://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        (self._folder / "tokens").write_text(
            f'{_TOKEN},operator,operator,"system:masters"\n{LOGBOOM},logboom,logboom\n'
        )
        self._make_key()
        at, peers = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._peers}"
        self._start("etcd", f"--data-dir={self._folder}/etcd", f"--listen-client-urls={at}", f"--advertise-client-urls={at}",
                    f"--listen-peer-urls={peers}", "--unsafe-no-fsync", "--log-level=error")  # fmt: skip
        self._start_server()
        return self

    def forget(self) -> None:
        """What was is kept no more: etcd is compacted, and the API server begins anew."""
        listed = self.kubectl("get", "--raw", "/api/v1/namespaces?limit=1")
        revision = json.loads(listed.stdout)["metadata"]["resourceVersion"]
        compact = urllib.request.Request(
            f"http://127.0.0.1:{self._etcd}/v3/kv/compaction", data=json.dumps({"revision": revision}).encode(), method="POST"
        )  # fmt: skip
        urllib.request.urlopen(compact, timeout=30).close()
        server = self._running.pop()
        server.kill()
        server.wait()
        self._start_server()

    def _start_server(self) -> None:
        at, key = f"http://127.0.0.1:{self._etcd}", self._folder / "service-accounts.key"
        self._start(
            "apiserver", f"--etcd-servers={at}", f"--secure-port={self._port}", "--bind-address=127.0.0.1",
            f"--cert-dir={self._folder}/certificates", "--service-account-issuer=https://logboom.test",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/24", f"--token-auth-file={self._folder}/tokens",
            "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
        )  # fmt: skip
        deadline = time.monotonic() + _START_SECS
        while self.kubectl("get", "--raw", "/readyz").returncode != 0:
            ended = [one for one in self._running if one.poll() is not None]
            if ended or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(f"it does not start:\n{(self._folder / 'apiserver.log').read_text()[-3000:]}")
            time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.kill()
            process.wait()

    def certificates(self) -> Path:
        """The folder with its own."""
        return self._folder / "certificates"

    def kubectl(self, *arguments: str, manifests: str = "") -> subprocess.CompletedProcess[str]:
        """A subcommand, as a member of system:masters."""
        whom = ["--server", self.address, "--token", _TOKEN, "--insecure-skip-tls-verify"]
        environment = {**os.environ, "KUBECONFIG": os.devnull, "HOME": str(self._folder)}
        command = [str(program("kubectl")), *whom, *arguments]
        return subprocess.run(command, input=manifests, capture_output=True, text=True, check=False, env=environment)

    def _start(self, name: str, *arguments: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running.append(subprocess.Popen([str(built() / name), *arguments], stdout=log, stderr=log))

    def _make_key(self) -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        (self._folder / "service-accounts.key").write_bytes(text)
