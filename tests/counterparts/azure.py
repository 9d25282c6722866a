"""Microsoft's login service and Logs Ingestion API as their documentation describes them: strict, in one process.

Sources: "OAuth 2.0 client credentials flow on the Microsoft identity platform"; "Logs Ingestion API in Azure Monitor"
and its service limits. What the documents forbid is refused; what was taken stands in `records`.
"""

from __future__ import annotations

import gzip
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from counterparts.http_service import Handler, HttpService

TENANT, CLIENT, SECRET = "contoso", "1111-app", "s3cret-of-the-app"
RULE, STREAM, SCOPE = "dcr-0123456789abcdef", "Custom-Logboom_CL", "https://monitor.azure.com/.default"
CALL_BYTES, FIELD_BYTES = 1_000_000, 64 << 10
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
_PYTHON: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "int": int, "long": int, "boolean": bool, "dynamic": (dict, list),
}  # fmt: skip


class Azure(HttpService):
    """`url` serves both. `complaints` lists what broke a rule; `lifetime_secs` is that of the tokens handed out.

    Args:
        columns: what the stream declares, name → type.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.sizes: list[int] = []
        self.tokens: list[str] = []
        self.valid: set[str] = set()
        self.lifetime_secs = 3599
        self.columns = dict(columns)

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """(path, handler)."""
        yield "/{tenant}/oauth2/v2.0/token", self._token
        yield "/dataCollectionRules/{rule}/streams/{stream}", self._ingest

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": SCOPE}
        if {name: form.get(name) for name in wanted} != wanted or request.match_info["tenant"] != TENANT:
            return _refused(400, "invalid_request", "AADSTS900144: The request body is not as it should be.")
        if form.get("client_secret") != SECRET:
            return _refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1")
        self.tokens.append(secrets.token_urlsafe())
        self.valid.add(self.tokens[-1])
        return web.json_response(
            {"token_type": "Bearer", "expires_in": self.lifetime_secs, "access_token": self.tokens[-1]}
        )

    async def _ingest(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid:
            return _error(401, "InvalidToken", "The token is not valid")
        if request.match_info["rule"] != RULE:
            return _error(404, "NotFound", "Data collection rule with immutable Id is not found")
        if request.match_info["stream"] != STREAM:
            return _error(400, "InvalidStream", "The stream is not declared in the rule")
        plain = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        if complaint := self._complaint(request, body, plain):
            self.complaints.append(complaint)
            return _error(413 if complaint == "size" else 400, "InvalidPayload", complaint)
        self.sizes.append(len(plain))
        self.records += orjson.loads(plain)
        return web.Response(status=204)

    def _complaint(self, request: web.Request, body: bytes, plain: bytes) -> str:
        if request.query.get("api-version") != "2023-01-01" or request.content_type != "application/json":
            return "not the documented request"
        if max(len(body), len(plain)) > CALL_BYTES:
            return "size"
        try:
            listed = orjson.loads(plain)
        except ValueError:
            return "not JSON"
        if not isinstance(listed, list) or not listed:
            return "not an array"
        return next(filter(None, map(self._bad_record, listed)), "")

    def _bad_record(self, record: dict[str, Any]) -> str:
        if not _TIME.fullmatch(record.get("TimeGenerated", "")):
            return f"TimeGenerated: {record.get('TimeGenerated')!r}"
        for name, value in record.items():
            kind = self.columns.get(name)
            if kind is None or len(name) > 45:
                return f"column {name}"
            if kind != "datetime" and not isinstance(value, _PYTHON[kind]):
                return f"{name} is no {kind}"
            text = value.encode() if isinstance(value, str) else orjson.dumps(value)
            if len(text) > FIELD_BYTES:
                return f"{name} has {len(text)} bytes"
        return ""


def _refused(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
