"""Where to ask and as whom, as kubectl reads it."""

from __future__ import annotations

import base64
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.transport.kubernetes.api import Refused
from collector.transport.kubernetes.kubeconfig import KubeConfig
from counterparts.certificates import Authority


def config(**parts: Any) -> dict[str, Any]:
    """Two contexts; `user` and `cluster` are those of the current one."""
    return {
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
            {"name": "there", "context": {"cluster": "d", "user": "v"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://one:6443/", **parts.get("cluster", {})}},
            {"name": "d", "cluster": {"server": "https://two:6443"}},
        ],
        "users": [{"name": "u", "user": parts.get("user", {"token": "t"})}, {"name": "v", "user": {"token": "other"}}],
    }


def written(folder: Path, name: str = "config", **parts: Any) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(config(**parts)))
    return str(path)


def test_context(tmp_path: Path) -> None:
    """The current one, or by name."""
    path = written(tmp_path)
    assert (KubeConfig(path).url(), KubeConfig(path).headers()) == ("https://one:6443", {"Authorization": "Bearer t"})
    assert KubeConfig(path, "there").url() == "https://two:6443"
    assert KubeConfig(path, "there").headers() == {"Authorization": "Bearer other"}


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"tokenFile": "token"}, "Bearer from-file"),
        ({"username": "a", "password": "b"}, f"Basic {base64.b64encode(b'a:b').decode()}"),
        ({}, None),
    ],
)
def test_credentials(user: dict[str, str], header: str | None, tmp_path: Path) -> None:
    """Files stand beside the kubeconfig, and are read anew."""
    (tmp_path / "token").write_text("from-file\n")
    assert KubeConfig(written(tmp_path, user=user)).headers().get("Authorization") == header


def test_several_files_and_the_home(tmp_path: Path) -> None:
    """What the first says is true; without the variable it is ~/.kube/config."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(yaml.safe_dump({"current-context": "there"}))
    second.write_text(yaml.safe_dump(config()))
    environ = {"KUBECONFIG": f"{first}{os.pathsep}{tmp_path}/none{os.pathsep}{second}"}
    assert KubeConfig(environ=environ).url() == "https://two:6443"
    (tmp_path / ".kube").mkdir()
    written(tmp_path / ".kube")
    assert KubeConfig(environ={"HOME": str(tmp_path)}).url() == "https://one:6443"


def test_certificates(tmp_path: Path) -> None:
    """As files and as data; the key stays in no file of ours."""
    authority = Authority(tmp_path)
    pair = authority.issue("client")
    parts = {
        "cluster": {"certificate-authority-data": base64.b64encode(authority.ca_file.read_bytes()).decode()},
        "user": {
            "client-certificate-data": base64.b64encode(pair.cert.read_bytes()).decode(),
            "client-key-data": base64.b64encode(pair.key.read_bytes()).decode(),
        },
    }
    context = KubeConfig(written(tmp_path, **parts)).tls()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1
    assert KubeConfig(written(tmp_path, cluster={"insecure-skip-tls-verify": True})).tls().verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"user": {"exec": {"command": "aws"}}}, "none is run here"),
        ({"user": {"tokenFile": "none"}}, "can't be read"),
        ({"cluster": {"server": "http://10.0.0.1"}}, "over http://"),
        ({"cluster": {"server": ""}}, "has no server"),
        ({"cluster": {"certificate-authority-data": "%"}}, "base64|can't be used"),
        ({"user": {"client-certificate-data": "AAAA"}}, "can't be used"),
    ],
)
def test_what_cannot_be_used_says_why(parts: dict[str, Any], problem: str, tmp_path: Path) -> None:
    """Never the secret."""
    given = KubeConfig(written(tmp_path, **parts))
    with pytest.raises(Refused, match=problem):
        given.url(), given.headers(), given.tls()


@pytest.mark.parametrize(("text", "problem"), [("a: [", "no YAML"), ("x", "no context"), ("{}", "no context")])
def test_what_is_no_kubeconfig(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(Refused, match=problem):
        KubeConfig(str(tmp_path / "config")).url()


def test_none_is_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no kubeconfig"):
        KubeConfig(str(tmp_path / "config")).url()
