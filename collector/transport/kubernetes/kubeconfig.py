"""Where the API server is and who asks, as kubectl knows it: the files of $KUBECONFIG, or ~/.kube/config.

Source: Kubernetes, "Organizing cluster access using kubeconfig files": of what several files say the first is true.
"""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from collector.transport.http_client_config import leaves_in_the_clear
from collector.transport.kubernetes.api import Refused, reason_of

_PROGRAMS = ("exec", "auth-provider")


@dataclass(frozen=True, slots=True)
class KubeConfig:
    """A context of these files, read anew for each request.

    Args:
        path: one file; empty: as kubectl finds them.
        context: empty: the current one.
        timeout: seconds for an answer.
    """

    path: str = ""
    context: str = ""
    timeout: float = 30.0
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def url(self) -> str:
        """Raises `Refused`: there is no such file, context or cluster, or a secret would travel in the clear."""
        cluster, user = self._chosen()
        server = str(cluster.get("server") or "").rstrip("/")
        if not server:
            raise Refused("the kubeconfig's cluster has no server")
        if user and leaves_in_the_clear(server):
            raise Refused("the kubeconfig's credentials would travel over http:// to another machine")
        return server

    def headers(self) -> Mapping[str, str]:
        """A token, or a name and password. Raises `Refused`: they are got from a program, which is not run here."""
        _, user = self._chosen()
        if given := next((name for name in _PROGRAMS if name in user), ""):
            raise Refused(
                f"the kubeconfig's credentials come from a program ({given}), and none is run here: take a token"
            )
        if path := user.get("tokenFile"):
            return {"Authorization": f"Bearer {_read(str(path), self._base()).decode().strip()}"}
        if token := user.get("token"):
            return {"Authorization": f"Bearer {token}"}
        if name := user.get("username"):
            pair = base64.b64encode(f"{name}:{user.get('password', '')}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    def tls(self) -> ssl.SSLContext:
        """With the cluster's authority and the user's certificate. Raises `Refused`."""
        cluster, user = self._chosen()
        authority = _content(cluster, "certificate-authority", self._base())
        try:
            context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
            if cluster.get("insecure-skip-tls-verify"):
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            certificate, key = (_content(user, name, self._base()) for name in ("client-certificate", "client-key"))
            if certificate:
                _show(context, certificate, key)
        except (ssl.SSLError, UnicodeDecodeError) as error:
            raise Refused(f"the kubeconfig's certificates can't be used: {reason_of(error)}") from error
        return context

    def _paths(self) -> Sequence[Path]:
        if self.path:
            return [Path(self.path)]
        listed = [Path(one) for one in self.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
        return listed or [Path(self.environ.get("HOME") or "~").expanduser() / ".kube" / "config"]

    def _base(self) -> Path:
        """What relative paths are relative to."""
        return self._paths()[0].parent

    def _chosen(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Cluster and user of the context."""
        files = [_parsed(path) for path in self._paths() if path.exists()]
        if not files:
            raise Refused(f"there is no kubeconfig {', '.join(map(str, self._paths()))}")
        name = self.context or next((str(one["current-context"]) for one in files if one.get("current-context")), "")
        context = _named(files, "contexts", "context", name)
        user = str(context.get("user") or "")
        return _named(files, "clusters", "cluster", str(context.get("cluster") or "")), (
            _named(files, "users", "user", user) if user else {}
        )


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the kubeconfig {path} can't be read: {reason_of(error)}") from error
    except yaml.YAMLError:  # what it says of the place may quote a secret
        raise Refused(f"the kubeconfig {path} is no YAML") from None
    return found if isinstance(found, dict) else {}


def _named(files: Sequence[Mapping[str, Any]], section: str, kind: str, name: str) -> Mapping[str, Any]:
    for one in files:
        for each in one.get(section) or []:
            if isinstance(each, dict) and each.get("name") == name:
                found = each.get(kind)
                return found if isinstance(found, dict) else {}
    raise Refused(f"the kubeconfig has no {kind} {name!r}")


def _content(given: Mapping[str, Any], name: str, base: Path) -> bytes:
    """What stands in it, or in its file; empty: neither is there."""
    if data := given.get(f"{name}-data"):
        try:
            return base64.b64decode("".join(str(data).split()), validate=True)
        except binascii.Error:
            raise Refused(f"the kubeconfig's {name}-data is not base64") from None
    return _read(str(given[name]), base) if given.get(name) else b""


def _read(path: str, base: Path) -> bytes:
    try:
        return (base / path).read_bytes()
    except OSError as error:
        raise Refused(f"{base / path} of the kubeconfig can't be read: {reason_of(error)}") from error


def _show(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL reads a client's certificate from a file alone: one that is ours, and gone behind this."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.rstrip() + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
