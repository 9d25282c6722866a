"""An API server of the documented shape: which kinds there are, lists in pages, watches that go on, bookmarks, 410 for what it keeps no more, metadata alone."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
_PAGE = 2
"""Objects of a page, whatever is asked for."""


class KubernetesApi:
    """On loopback, until the end of the block. `objects`: path of a list → uid → object; `asked`: (path, parameters) of each request."""

    def __init__(self, token: str = "") -> None:
        self.objects: dict[str, dict[str, Object]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.token = token
        self.refused: dict[str, int] = {}
        """Path → status that it is refused with."""
        self.resources: dict[str, list[Object]] = {}
        """Group and version (`v1`, `events.k8s.io/v1`) → its lists."""
        self._events: list[tuple[int, str, str, Object]] = []
        self._version, self._oldest = 100, 0
        self._changed = threading.Condition()
        self._ended = False
        self._broken = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, path: str, found: Object) -> None:
        """An object is new or changed."""
        self._tell(path, "MODIFIED" if found["metadata"]["uid"] in self.objects.get(path, {}) else "ADDED", found)

    def delete(self, path: str, uid: str) -> None:
        """An object is gone."""
        self._tell(path, "DELETED", self.objects[path][uid])

    def serves(self, group_version: str, *names: str, namespaced: bool = True) -> None:
        """There are such lists."""
        made = [{"name": name, "namespaced": namespaced, "verbs": ["get", "list", "watch"]} for name in names]
        self.resources.setdefault(group_version, []).extend(made)

    def restore(self, version: int) -> None:
        """It goes on at an earlier version, as one that was restored does."""
        with self._changed:
            self._version, self._oldest, self._events = version, 0, []
            self._broken += 1
            self._changed.notify_all()

    def break_off(self, *, forget: bool = False) -> None:
        """End all watches; with `forget` what was is kept no more."""
        with self._changed:
            self._broken += 1
            self._oldest = self._version + 1 if forget else self._oldest
            self._version += 1
            self._changed.notify_all()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def _tell(self, path: str, kind: str, found: Object) -> None:
        with self._changed:
            self._version += 1
            stamped = {**found, "metadata": {**found["metadata"], "resourceVersion": str(self._version)}}
            own = self.objects.setdefault(path, {})
            if kind == "DELETED":
                own.pop(found["metadata"]["uid"])
            else:
                own[found["metadata"]["uid"]] = stamped
            self._events.append((self._version, path, kind, stamped))
            self._changed.notify_all()

    def answer(self, path: str, parameters: Mapping[str, str], write: Any, *, bare: bool) -> tuple[int, Object] | None:
        """The status and body; None: a watch was written, and is over."""
        if path in self.refused:
            return self.refused[path], {"kind": "Status", "message": "is forbidden"}
        if (found := self._described(path)) is not None:
            return 200, found
        if not parameters.get("watch"):
            return self._listed(path, parameters, bare=bare)
        version = int(parameters["resourceVersion"])
        if version < self._oldest:
            return 410, {"kind": "Status", "code": 410, "message": "too old resource version"}
        write({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}})
        with self._changed:
            broken, told = self._broken, version
            while not self._ended and broken == self._broken:
                for at, _, kind, found in [each for each in self._events if each[0] > told and each[1] == path]:
                    write({"type": kind, "object": _shown(found, bare=bare)})
                    told = at
                self._changed.wait()
        return None

    def _listed(self, path: str, parameters: Mapping[str, str], *, bare: bool) -> tuple[int, Object]:
        own = list(self.objects.get(path, {}).values())
        begin, size = int(parameters.get("continue") or 0), min(_PAGE, int(parameters.get("limit") or _PAGE))
        more = {"continue": str(begin + size)} if begin + size < len(own) else {}
        items = [_shown(found, bare=bare) for found in own[begin : begin + size]]
        head = {} if bare else {"kind": "ThingList", "apiVersion": "v1"}
        return 200, {**head, "metadata": {"resourceVersion": str(self._version), **more}, "items": items}

    def _described(self, path: str) -> Object | None:
        """What discovery answers."""
        if path == "/apis":
            groups: dict[str, list[Object]] = {}
            for one in self.resources:
                group, _, version = one.rpartition("/")
                if group:
                    groups.setdefault(group, []).append({"groupVersion": one, "version": version})
            return {
                "groups": [
                    {"name": name, "versions": versions, "preferredVersion": versions[0]}
                    for name, versions in groups.items()
                ]
            }
        found = self.resources.get(path.removeprefix("/apis/").removeprefix("/api/"))
        return {"resources": found} if found is not None else None

    def _handler(api: KubernetesApi) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with contextlib.suppress(ConnectionError):  # who asked is gone
                    self._answer()

            def _answer(self) -> None:
                url = urlsplit(self.path)
                parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
                api.asked.append((url.path, parameters))
                if api.token and self.headers["Authorization"] != f"Bearer {api.token}":
                    self._send(401, {"kind": "Status", "message": "Unauthorized"})
                    return
                answer = api.answer(
                    url.path, parameters, self._write, bare="PartialObjectMetadata" in (self.headers["Accept"] or "")
                )
                if answer is not None:
                    self._send(*answer)

            def _write(self, event: Object) -> None:
                if not getattr(self, "_begun", False):
                    self._begun = True
                    self.close_connection = True
                    self.send_response(200)
                    self.end_headers()
                self.wfile.write(json.dumps(event).encode() + b"\n")
                self.wfile.flush()

            def _send(self, status: int, body: Object) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _shown(found: Object, *, bare: bool) -> Object:
    return {"metadata": found["metadata"]} if bare else found


def pod(name: str, ip: str = "", **fields: Any) -> Object:
    """A pod of namespace `shop` on node `n1`. `fields`: of its metadata, but for `spec`, `status`, which are its own."""
    spec, status = fields.pop("spec", {}), fields.pop("status", {})
    meta = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-{name}",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **fields,
    }
    return {
        "metadata": meta,
        "spec": {"nodeName": "n1", **spec},
        "status": {"podIP": ip, "startTime": "2026-01-01T00:00:01Z", **status},
    }


def owned_by(kind: str, name: str) -> list[Object]:
    """References to the owner of an object."""
    return [{"kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]
