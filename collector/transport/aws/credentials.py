"""Where AWS keeps keys: the environment, the shared file, a role by a token, a container's service, a machine's.

Each is asked in the order of AWS's own SDKs, on a thread: some are files, some HTTP on this machine or STS.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from collector.component import Outgoing
from collector.transport.aws.assume_role import AssumeRole
from collector.transport.aws.signing import Keys, Scope, signature

_TIMEOUT_SECS = 5.0
_MOST_BYTES = 256 << 10
_CONTAINER = "http://169.254.170.2"
_MACHINE = "http://169.254.169.254"
_FOR_EVER = float("inf")


class NoCredentials(Exception):
    """There are none now; a sentence says why, without any secret."""


class Found(NamedTuple):
    """Keys, and when they end: seconds since the epoch."""

    keys: Keys
    ends_at: float = _FOR_EVER


def find(role: AssumeRole, region: str, environ: Mapping[str, str] = os.environ) -> Found:
    """The keys in use, with the role taken on. Raises NoCredentials."""
    if role.web_identity_token_file:
        return _by_token(role, Path(role.web_identity_token_file), region, environ)
    own = _own(region, environ)
    return _assumed(role, own.keys, region, environ) if role.arn else own


def _own(region: str, environ: Mapping[str, str]) -> Found:
    sources: list[Callable[[], Found | None]] = [
        lambda: _of_environment(environ), lambda: _of_identity(region, environ), lambda: _of_file(environ),
        lambda: _of_container(environ), lambda: _of_machine(environ),
    ]  # fmt: skip
    for source in sources:
        if (found := source()) is not None:
            return found
    raise NoCredentials(
        "no AWS keys: neither in the environment, in the shared credentials file, nor from this machine"
    )


def _of_environment(environ: Mapping[str, str]) -> Found | None:
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    return Found(Keys(key, secret, environ.get("AWS_SESSION_TOKEN", ""))) if key and secret else None


def _of_identity(region: str, environ: Mapping[str, str]) -> Found | None:
    file, arn = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"), environ.get("AWS_ROLE_ARN")
    if not (file and arn):
        return None
    return _by_token(
        AssumeRole(arn=arn, session_name=environ.get("AWS_ROLE_SESSION_NAME", "")), Path(file), region, environ
    )


def _of_file(environ: Mapping[str, str]) -> Found | None:
    path = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws" / "credentials")
    profiles = configparser.ConfigParser(interpolation=None)
    try:
        profiles.read(path)
    except (configparser.Error, OSError, UnicodeDecodeError):
        raise NoCredentials(f"{path} cannot be read as a file of AWS profiles") from None
    name = environ.get("AWS_PROFILE", "default")
    profile = profiles[name] if profiles.has_section(name) else {}
    key, secret = profile.get("aws_access_key_id"), profile.get("aws_secret_access_key")
    return Found(Keys(key, secret, profile.get("aws_session_token") or "")) if key and secret else None


def _of_container(environ: Mapping[str, str]) -> Found | None:
    url = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or (
        _CONTAINER + environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
        if "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in environ
        else ""
    )
    if not url:
        return None
    token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if file := environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        token = _text(Path(file))
    return _of_document(_fetched(url, headers={"Authorization": token} if token else {}), "AccessKeyId")


def _of_machine(environ: Mapping[str, str]) -> Found | None:
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    base = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", _MACHINE).rstrip("/")
    try:
        token = _fetched(f"{base}/latest/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
        headers, roles = {"X-aws-ec2-metadata-token": token}, f"{base}/latest/meta-data/iam/security-credentials/"
        return _of_document(
            _fetched(roles + _fetched(roles, headers=headers).split("\n")[0], headers=headers), "AccessKeyId"
        )
    except NoCredentials:
        return None


def _of_document(text: str, name: str) -> Found:
    try:
        found = json.loads(text)
        return Found(Keys(found[name], found["SecretAccessKey"], found.get("Token", "")), _unix(found["Expiration"]))
    except (ValueError, KeyError, TypeError):
        raise NoCredentials("the service of AWS keys gives none") from None


def _by_token(role: AssumeRole, file: Path, region: str, environ: Mapping[str, str]) -> Found:
    form = {"Action": "AssumeRoleWithWebIdentity", "WebIdentityToken": _text(file), **_role(role)}
    return _sts(form, role.sts_region or region, environ, None)


def _assumed(role: AssumeRole, keys: Keys, region: str, environ: Mapping[str, str]) -> Found:
    external = {"ExternalId": role.external_id} if role.external_id else {}
    return _sts({"Action": "AssumeRole", **_role(role), **external}, role.sts_region or region, environ, keys)


def _role(role: AssumeRole) -> dict[str, str]:
    return {"Version": "2011-06-15", "RoleArn": role.arn, "RoleSessionName": role.session_name or "logboom"}


def _sts(form: dict[str, str], region: str, environ: Mapping[str, str], keys: Keys | None) -> Found:
    default = f"https://sts.{region}.amazonaws.com" if region else "https://sts.amazonaws.com"
    url, body = environ.get("AWS_ENDPOINT_URL_STS", default).rstrip("/") + "/", urlencode(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    if keys is not None:
        scope = Scope(region or "us-east-1", "sts")
        headers |= signature(Outgoing("POST", url, headers, body), keys, scope, datetime.now(UTC))
    text = _fetched(url, "POST", headers, body)
    parts = [
        re.search(rf"<{name}>([^<]+)</{name}>", text)
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    ]
    key, secret, token, ends = (part[1] if part else "" for part in parts)
    if not (key and secret and token and ends):
        raise NoCredentials("STS gives no keys for the role")
    return Found(Keys(key, secret, token), _unix(ends))


def _fetched(url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None) -> str:
    host = url.split("/")[2] if url.count("/") > 1 else url
    if not url.startswith(("http://", "https://")):
        raise NoCredentials("the address of the service of AWS keys is no URL")
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - http or https
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECS) as answer:  # noqa: S310
            text: bytes = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        code = re.search(r"<Code>([\w.]+)</Code>", error.read(_MOST_BYTES).decode("utf-8", "replace"))
        raise NoCredentials(f"{host} answers {error.code}{f' ({code[1]})' if code else ''}") from None
    except OSError as error:
        raise NoCredentials(f"{host} cannot be reached: {error.strerror or 'no answer'}") from None
    return text.decode("utf-8", "replace")


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise NoCredentials(f"{file} cannot be read") from None


def _unix(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return time.time() + 900
