"""A request to the `alertmanager` receiver:

preflight ► who sends ► path ► body ► alerts: events, to admission; silences: commands; GET: the store ► answer
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from collector.admission.entrance import Entrance
from collector.control.asking import MOST_WAIT_SECS, NotRunning, NotTaken, Told, ask
from collector.control.record import ControlRecord
from collector.domains.credential import READ, SILENCE, WRITE, Credential
from collector.errors import PermissionDenied, Refusal, Unavailable
from collector.ingress.http_app import Headers, HttpApp
from collector.ingress.http_request import HttpRequest
from collector.ingress.http_response import Headers as Fields
from collector.ingress.http_response import Response, refusal_headers
from collector.ingress.refusals import answer
from collector.receivers.alertmanager.config import AlertmanagerReceiverConfig
from collector.receivers.alertmanager.events import reader
from collector.receivers.alertmanager.posted import NANOS, posted
from collector.receivers.alertmanager.silences import ended, rfc3339, wanted
from collector.receivers.alertmanager.views import Parameters, Views
from collector.transport.serving.content_encoding import decoded
from collector.transport.serving.http_body import Receive
from collector.transport.serving.turns import Turns

_JSON = b"application/json"
_OK = Response(200, b"text/plain; charset=utf-8", b"OK\n")
_INLINE_BYTES = 8 << 10
_API = "/api/v2"
_SILENCE = f"{_API}/silence/"
View = Callable[[str, Parameters, int], Sequence[Mapping[str, Any]]]


class AlertmanagerHttpApp(HttpApp):
    """The ASGI callable of an `alertmanager` receiver.

    Args:
        root: the data directory, where the control socket and, unless it is said, the store are.
    """

    def __init__(self, config: AlertmanagerReceiverConfig, entrance: Entrance, turns: Turns, root: Path) -> None:
        super().__init__(config, entrance, turns)
        self._config = config
        self._root = root
        self._views = views = Views(config.store or root / "store.db")
        self._began = time.time_ns()
        self._shown: Mapping[str, View] = {
            f"{_API}/alerts": views.alerts, f"{_API}/alerts/groups": views.groups, f"{_API}/silences": views.silences,
            f"{_API}/receivers": views.receivers,
        }  # fmt: skip

    async def respond(self, scope: Mapping[str, Any], headers: Headers, receive: Receive) -> Response:
        """One request."""
        path, method = scope["path"], scope["method"]
        if path in ("/-/healthy", "/-/ready") and method in ("GET", "HEAD"):
            return _OK
        request = HttpRequest(scope, headers)
        credential = self.credential(scope, headers, request, self._scope(path, method))
        if credential is not None and credential.public:
            raise PermissionDenied("a credential that anybody can know may send logs, and no more", cause="scope")
        if method == "GET":
            return await self._show(path, request, credential)
        if (path, method) == (f"{_API}/alerts", "POST"):
            return await self._take(scope, request, credential, headers, receive)
        if (path, method) == (f"{_API}/silences", "POST"):
            return await self._silence(request, credential, headers, receive)
        if method == "DELETE" and path.startswith(_SILENCE):
            return await self._unsilence(request, credential, path.removeprefix(_SILENCE))
        known = path in self._shown or path.startswith(_SILENCE)
        return _error(405, "it is not taken here") if known else _error(404, "nothing is at this path")

    def _scope(self, path: str, method: str) -> str:
        """What a credential must be good for."""
        if self._config.senders_read or (path, method) == (f"{_API}/alerts", "POST"):
            return WRITE
        return SILENCE if method in ("POST", "DELETE") else READ

    def _logged_in(self) -> None:
        """Raises `PermissionDenied` where other machines reach the listener and nobody is asked who it is."""
        if self._config.open_to_others():
            raise PermissionDenied("to read and to silence takes a login: the listener needs `auth`", cause="scope")

    def refused(self, refusal: Refusal, headers: Headers) -> Response:  # noqa: ARG002 - one form for all
        """A sentence."""
        return _refused(refusal)

    async def _take(
        self, scope: Mapping[str, Any], request: HttpRequest, credential: Credential | None, headers: Headers,
        receive: Receive,
    ) -> Response:  # fmt: skip
        body = await self._body(request, credential, headers, receive)
        now = time.time_ns()
        alerts, bad = posted(body, now, round(self._config.resolve_timeout * NANOS))
        if alerts:
            # What goes on is told again in the same words: no repetition is a duplicate.
            submit = partial(
                self.entrance.submit, request, credential=credential, read=reader(self._config, alerts, now),
                variant=f"{now}", made=1,
            )  # fmt: skip
            outcome = await self.admitted(scope["sender"], submit, "", body, lambda _: _INLINE_BYTES)
            if isinstance(outcome, Refusal):
                return _refused(outcome)
        return _error(400, "; ".join(bad)[:2000]) if bad else Response(200, _JSON, b"{}")

    async def _silence(
        self, request: HttpRequest, credential: Credential | None, headers: Headers, receive: Receive
    ) -> Response:
        self._logged_in()
        body = await self._body(request, credential, headers, receive)
        domain, sender = self.entrance.place(request, body, credential), _who(credential, request)
        record, former = wanted(body, domain, sender, time.time_ns())
        told = await self._carried_out(record)
        refusal = _refusal(told)
        if refusal:
            return _error(400, refusal)
        if former:
            await self._carried_out(ended(former, domain, sender))
        return Response(200, _JSON, orjson.dumps({"silenceID": record.id}))

    async def _unsilence(self, request: HttpRequest, credential: Credential | None, id_: str) -> Response:
        self._logged_in()
        domain = self.entrance.place(request, b"", credential)
        refusal = _refusal(await self._carried_out(ended(id_, domain, _who(credential, request))))
        return _error(404, refusal) if refusal else Response(200, b"", b"")

    async def _show(self, path: str, request: HttpRequest, credential: Credential | None) -> Response:
        if path == f"{_API}/status":
            return Response(200, _JSON, orjson.dumps(self._status()))
        view, now = self._shown.get(path), time.time_ns()
        if view is None and not path.startswith(_SILENCE):
            return _error(404, "nothing is at this path")
        self._logged_in()
        domain = self.entrance.place(request, b"", credential)
        if view is not None:
            found: Any = await asyncio.to_thread(view, domain, request.parameters, now)
        else:
            found = await asyncio.to_thread(self._views.silence, domain, path.removeprefix(_SILENCE), now)
        return _error(404, "there is no such silence") if found is None else Response(200, _JSON, orjson.dumps(found))

    async def _body(
        self, request: HttpRequest, credential: Credential | None, headers: Headers, receive: Receive
    ) -> bytes:
        limit = self.limit_of(credential)
        encoding = self.encoding(headers, request.peer())
        return decoded(encoding, await self.encoded_body(encoding, headers, receive, limit), limit)

    async def _carried_out(self, record: ControlRecord) -> Told:
        try:
            return await asyncio.to_thread(ask, self._root, record, MOST_WAIT_SECS)
        except NotRunning:
            raise Unavailable("it can't be written down now") from None
        except NotTaken as reason:
            raise PermissionDenied(str(reason)) from None

    def _status(self) -> Mapping[str, Any]:
        own = version("logboom")
        return {
            "cluster": {"status": "disabled", "peers": []}, "config": {"original": "# logboom"}, "uptime": rfc3339(self._began),
            "versionInfo": {
                "version": own, "revision": "", "branch": "", "buildUser": "logboom", "buildDate": "", "goVersion": "",
            },
        }  # fmt: skip


def _error(status: int, detail: str, headers: Fields = ()) -> Response:
    """As Alertmanager answers: a text as JSON, which its clients read."""
    return Response(status, _JSON, orjson.dumps(detail), headers)


def _refused(refusal: Refusal) -> Response:
    """Nothing was kept."""
    told = answer(refusal)
    return _error(told.http_status, told.message, refusal_headers(refusal, told))


def _refusal(told: Told) -> str:
    return next((each.reason for each in told.settled if not each.applied), "")


def _who(credential: Credential | None, request: HttpRequest) -> str:
    return (credential.id if credential is not None else "") or request.peer() or "a unix socket"
