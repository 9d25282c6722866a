"""Google's token service and the two ways into Google Security Operations, as documented: strict, in one process.

Sources: "Using OAuth 2.0 for server to server applications"; the reference of `logTypes.logs.import` (Chronicle API) and
of `unstructuredlogentries:batchCreate` (Ingestion API).
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import jwt
import orjson
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from counterparts.http_service import Handler, HttpService

EMAIL = "logboom@shop.iam.gserviceaccount.com"
IMPORT = "/v1alpha/projects/shop/locations/eu/instances/i-1/logTypes/LOGBOOM/logs:import"
LEGACY = "/v2/unstructuredlogentries:batchCreate"
_SCOPES = {
    IMPORT: "https://www.googleapis.com/auth/cloud-platform",
    LEGACY: "https://www.googleapis.com/auth/malachite-ingestion",
}
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth asks for, wherever it asks."""
_BYTES = {IMPORT: 4_000_000, LEGACY: 1_000_000}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


class Google(HttpService):
    """`entries` holds what was taken (import: with the data decoded as `text`), `calls` the bodies, `complaints` what
    broke a rule. `key` is the service account's key file."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.scopes: dict[str, str] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def key(self) -> str:
        """As Google hands it out."""
        private = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account", "project_id": "shop", "private_key_id": "k1", "client_email": EMAIL,
                "private_key": private.decode(), "token_uri": f"{self.url}/token",
            }
        )  # fmt: skip

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        yield "/token", self._token
        yield "/{path:.*}", self._take

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            assertion = str(form["assertion"])
            audiences = [f"{self.url}/token", _AUDIENCE]
            claims = jwt.decode(assertion, self._key.public_key(), algorithms=["RS256"], audience=audiences)
            good = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" and claims["iss"] == EMAIL
            good = (
                good and claims["exp"] - claims["iat"] <= 3600 and jwt.get_unverified_header(assertion)["kid"] == "k1"
            )
        except (KeyError, jwt.PyJWTError):
            good = False
        if not good:
            return web.json_response({"error": "invalid_grant", "error_description": "Invalid JWT."}, status=400)
        token = secrets.token_urlsafe()
        self.scopes[token] = claims["scope"]
        return web.json_response({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    async def _take(self, request: web.Request) -> web.Response:
        if request.path not in _SCOPES:
            return _error(404, "NOT_FOUND", "no such log type")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.scopes:
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if self.scopes[token] != _SCOPES[request.path]:
            return _error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
        body = await request.read()
        plain = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        if len(plain) > _BYTES[request.path]:
            self.complaints.append(f"{len(plain)} bytes")
        call = orjson.loads(plain)
        entries = _imported(call) if request.path == IMPORT else _legacy(call)
        if isinstance(entries, str):
            self.complaints.append(entries)
            return _error(400, "INVALID_ARGUMENT", entries)
        self.calls.append(call)
        self.entries += entries
        return web.json_response({})


def _imported(call: dict[str, Any]) -> list[dict[str, Any]] | str:
    source = call["inlineSource"]
    if set(call) != {"inlineSource"} or set(source) - {"logs", "forwarder"} or not source["logs"]:
        return "not the documented body"
    taken = []
    for log in source["logs"]:
        if set(log) - {"data", "logEntryTime", "collectionTime", "environmentNamespace", "labels"}:
            return f"unknown fields {sorted(log)}"
        if not (_TIME.fullmatch(log["logEntryTime"]) and _TIME.fullmatch(log["collectionTime"])):
            return "times"
        if log["collectionTime"] < log["logEntryTime"]:
            return "collectionTime must be greater than or equal to logEntryTime"
        if any(set(label) != {"value"} for label in log.get("labels", {}).values()):
            return "labels"
        taken.append({**log, "text": base64.b64decode(log["data"], validate=True).decode()})
    return taken


def _legacy(call: dict[str, Any]) -> list[dict[str, Any]] | str:
    if set(call) - {"customer_id", "log_type", "namespace", "labels", "entries"}:
        return f"unknown fields {sorted(call)}"
    if call["customer_id"] != "c-1" or call["log_type"] != "LOGBOOM" or not call["entries"]:
        return "customer_id, log_type or entries"
    for entry in call["entries"]:
        if set(entry) != {"log_text", "ts_rfc3339"} or not _TIME.fullmatch(entry["ts_rfc3339"]):
            return f"entry {entry}"
    return [{"text": entry["log_text"], **entry} for entry in call["entries"]]


def _error(code: int, status: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "status": status}}, status=code)
