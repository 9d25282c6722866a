"""A request to the `hooks` receiver:

preflight ► (signed link: what it shows or does) ► who sends ► path ► method ► body ► domain, limits ► its hook makes a command of it
► on disk ► (carried out) ► answer
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import xxhash

from collector.admission.entrance import Entrance
from collector.control.asking import MOST_WAIT_SECS, Told
from collector.control.record import ControlRecord, new_id
from collector.domains.credential import Credential
from collector.errors import InvalidPayload, PermissionDenied, Refusal
from collector.ingress.http_app import Headers, HttpApp
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import Response
from collector.ingress.problem import problem, refused
from collector.receivers.hooks.carrying_out import CarryingOut, NotTaken
from collector.receivers.hooks.config import HooksConfig
from collector.receivers.hooks.hook import BadHook, Hook, HookOrder
from collector.receivers.hooks.links import MOST_BYTES, Links
from collector.receivers.hooks.routes import routes
from collector.signed_links import Signer
from collector.signed_links.signer import PATH
from collector.transport.serving.content_encoding import decoded
from collector.transport.serving.http_body import Receive
from collector.transport.serving.turns import Turns

_JSON = b"application/json"
_IGNORED = b'{"state":"ignored"}'
_MOST_WAITING = 8
_LONGEST_KEY = 255


class HooksHttpApp(HttpApp):
    """The ASGI callable of a `hooks` receiver.

    Args:
        root: the data directory, where the control socket is.
        signer: of links; None: there are none.
    """

    def __init__(
        self, config: HooksConfig, entrance: Entrance, turns: Turns, root: Path, signer: Signer | None = None
    ) -> None:
        super().__init__(config, entrance, turns)
        self._carrying_out = CarryingOut(root)
        self._links = Links(signer, self._carrying_out) if signer is not None else None
        self._routes = routes(config, signer)
        self._shown = orjson.dumps({"hooks": [config.public_url + path for path in self._routes]})
        self._waiting = 0

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        request = HttpRequest(scope, headers)
        path, method = scope["path"], scope["method"]
        if self._links is not None and path.startswith(PATH):
            return await self._followed(self._links, request, method, path.removeprefix(PATH), headers, receive)
        handler = self._routes.get(path)
        proven = handler is not None and handler.knows_domain
        credential = None if proven else self.credential(scope, headers, request)
        if path == "/" and method == "GET":
            return Response(200, _JSON, self._shown)
        if handler is None:
            return problem(404, f"no hook is at this path: there are {', '.join(self._routes)}")
        if method != "POST":
            return problem(405, "only POST is taken", headers=((b"allow", b"POST"),))
        if credential is not None and credential.public:
            raise PermissionDenied("a credential that anybody can know may send logs, and no more", cause="scope")
        limit = self.limit_of(credential, min(handler.max_bytes, self.limit))
        encoding = self.encoding(headers, request.peer())
        body = decoded(encoding, await self.encoded_body(encoding, headers, receive, limit), limit)
        domain = "" if proven else self.entrance.place(request, body, credential)
        hook = Hook(body, request.header, domain, _who(credential, request), _id(domain, request))
        waits = bool(request.parameters("wait")) and self._waiting < _MOST_WAITING
        return await self._hand_over(handler.command(hook), waits)

    async def _followed(
        self, links: Links, request: HttpRequest, method: str, token: str, headers: Headers, receive: Receive
    ) -> Response:
        """A signed link: its token is all that is asked for."""
        if method in ("GET", "HEAD"):
            return links.shown(token)
        if method != "POST":
            return problem(405, "GET shows, POST does", headers=((b"allow", b"GET, POST"),))
        body = await self.encoded_body("", headers, receive, MOST_BYTES)
        return await links.done(token, body, request.peer())

    def refused(self, refusal: Refusal, headers: Headers) -> Response:  # noqa: ARG002 - one form for all
        """A problem, with the field that is wrong."""
        return refused(refusal, {"field": refusal.field} if isinstance(refusal, BadHook) else None)

    async def _hand_over(self, record: ControlRecord | HookOrder | None, waits: bool) -> Response:
        if record is None:
            return Response(200, _JSON, _IGNORED)
        self._waiting += waits
        try:
            if isinstance(record, HookOrder):
                return _taken(await self._carrying_out.carry_out(record))
            told = await self._carrying_out.hand_over(record, MOST_WAIT_SECS if waits else 0.0)
        except NotTaken as reason:
            return problem(422, str(reason))
        finally:
            self._waiting -= waits
        return _answer(told, waits)


def _taken(told: Told) -> Response:
    """Another system hears that it was taken, and why nothing came of it: it is not to send it again."""
    said: dict[str, Any] = {"id": told.id, "state": "accepted"}
    if told.settled:
        refusal = next((each for each in told.settled if not each.applied), None)
        said["state"] = "applied" if refusal is None else "refused"
        said |= {"reason": refusal.reason} if refusal is not None else {}
    return Response(200, _JSON, orjson.dumps(said))


def _answer(told: Told, waited: bool) -> Response:
    said: dict[str, Any] = {"id": told.id}
    refusal = next((each for each in told.settled if not each.applied), None)
    if refusal is not None:
        return problem(422, refusal.reason, {"id": told.id})
    if told.settled:
        said |= {"state": "applied", "snapshot": told.settled[0].snapshot}
        return Response(200, _JSON, orjson.dumps(said))
    said |= {"state": "queued", "before": told.before} if waited else {"state": "accepted"}
    return Response(202, _JSON, orjson.dumps(said))


def _who(credential: Credential | None, request: HttpRequest) -> str:
    return (credential.id if credential is not None else "") or request.peer() or "a unix socket"


def _id(domain: str, request: HttpRequest) -> str:
    """The same key of the same domain is the same command; nobody meets a key of another domain by chance or will."""
    key = request.header("idempotency-key")
    if key is None:
        return new_id()
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidPayload(f"an Idempotency-Key has 1 to {_LONGEST_KEY} characters")
    return xxhash.xxh3_128_hexdigest(f"{domain}\0{key}".encode())
