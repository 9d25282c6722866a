"""AWS Signature Version 4, of a request as a whole ("Create a signed AWS API request", IAM User Guide)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from collector.component import Outgoing

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = frozenset(
    {"authorization", "user-agent", "expect", "transfer-encoding", "x-amzn-trace-id", "connection", "accept-encoding"}
)
_HOST = re.compile(
    r"(?:[\w-]+\.)*?(?P<service>[\w-]+)\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.(?:on\.aws|amazonaws\.com(?:\.cn)?)"
)
_SWAPPED = re.compile(
    r"(?:[\w-]+\.)*(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.(?P<service>[\w-]+)\.(?:on\.aws|amazonaws\.com(?:\.cn)?)"
)


class Keys(NamedTuple):
    """What signs. `token` belongs to keys that end."""

    access_key: str
    secret: str
    token: str = ""


class Scope(NamedTuple):
    """Where a signature is good."""

    region: str
    service: str


def scope_of(host: str) -> Scope | None:
    """What a host of AWS says of itself: `search-x.eu-west-1.es.amazonaws.com`, `logs.eu-west-1.amazonaws.com`."""
    found = _SWAPPED.fullmatch(host) or _HOST.fullmatch(host)
    return Scope(found["region"], found["service"]) if found else None


def signature(request: Outgoing, keys: Keys, scope: Scope, now: datetime) -> Mapping[str, str]:
    """The headers to add; `now` is in UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(request.url)
    added = {"X-Amz-Date": stamp}
    if keys.token:
        added["X-Amz-Security-Token"] = keys.token
    signed = {name.lower(): " ".join(value.split()) for name, value in {**request.headers, **added}.items()}
    signed = {name: value for name, value in signed.items() if name not in _UNSIGNED} | {
        "host": parts.netloc.rpartition("@")[2]
    }
    names = sorted(signed)
    headers = [f"{name}:{signed[name]}" for name in names]
    body = hashlib.sha256(request.body).hexdigest()
    canonical = [
        request.method,
        _path(parts.path or "/", scope),
        _query(parts.query),
        *headers,
        "",
        ";".join(names),
        body,
    ]
    mark = _mark(canonical, keys, scope, stamp)
    credential = f"{keys.access_key}/{_within(scope, stamp)}"
    added["Authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={';'.join(names)}, Signature={mark}"
    return added


def presigned(url: str, keys: Keys, scope: Scope, now: datetime, life_secs: int) -> str:
    """The URL of a GET, with its signature in the query; `now` is in UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(url)
    query = {
        **dict(parse_qsl(parts.query, keep_blank_values=True)), "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys.access_key}/{_within(scope, stamp)}", "X-Amz-Date": stamp,
        "X-Amz-Expires": str(life_secs), "X-Amz-SignedHeaders": "host",
    }  # fmt: skip
    if keys.token:
        query["X-Amz-Security-Token"] = keys.token
    told = _query(urlencode(query))
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = ["GET", _path(parts.path or "/", scope), told, f"host:{parts.netloc}", "", "host", nothing]
    mark = _mark(canonical, keys, scope, stamp)
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}?{told}&X-Amz-Signature={mark}"


def _within(scope: Scope, stamp: str) -> str:
    return f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"


def _mark(canonical: Sequence[str], keys: Keys, scope: Scope, stamp: str) -> str:
    within = _within(scope, stamp)
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = b"AWS4" + keys.secret.encode()
    for part in within.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, f"{_ALGORITHM}\n{stamp}\n{within}\n{digest}".encode(), "sha256").hex()


def _path(path: str, scope: Scope) -> str:
    """Encoded once more, but for S3: there a name is what the path says, encoded once."""
    return quote(unquote(path) if scope.service == "s3" else path, safe="/-_.~")


def _query(query: str) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    )
    return "&".join(f"{name}={value}" for name, value in pairs)
