"""`k8s`: the endpoints of a service, as the API server tells them and what changes of them (EndpointSlices)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.transport.kubernetes.lists import Object
from collector.transport.kubernetes.watching import Watch
from exporters.load_balancing.config import K8sResolver

_LISTS = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FIRST_SECS, _STEP_SECS = 5.0, 0.02


class EndpointSlices:
    """Follows the slices in a thread of its own; `look` tells what is known, and at first waits a little for that."""

    interval = 1.0

    def __init__(self, config: K8sResolver, own_namespace: Path = _OWN_NAMESPACE) -> None:
        name, _, rest = config.service.partition(".")
        self._config, self._name = config, name
        self._namespace = rest.partition(".")[0] or _read(own_namespace) or "default"
        selectors = {"labelSelector": f"kubernetes.io/service-name={name}"}
        self._watch = Watch(config.access(), _LISTS.format(self._namespace), selectors, self)
        self._slices: Mapping[str, Object] = {}

    def start(self) -> None:
        """Begin to follow."""
        self._watch.start()

    def close(self) -> None:
        """End."""
        self._watch.shutdown()

    def listed(self, objects: Sequence[Object]) -> None:
        """These are the slices."""
        self._slices = {found["metadata"]["uid"]: found for found in objects}

    def changed(self, found: Object, *, gone: bool) -> None:
        """One is new, another one, or gone. The map is a new one: `look` reads it in another thread."""
        rest = {uid: each for uid, each in self._slices.items() if uid != found["metadata"]["uid"]}
        self._slices = rest if gone else {**rest, found["metadata"]["uid"]: found}

    async def look(self) -> Sequence[str]:
        """`host` or `host:port` of each backend. Raises OSError while the API server has told nothing."""
        await self._told()
        hosts = sorted({host for found in self._slices.values() for host in self._hosts(found)})
        return [f"{host}:{port}" for host in hosts for port in self._config.ports] if self._config.ports else hosts

    async def _told(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _FIRST_SECS
        while not self._watch.synced.is_set():
            if loop.time() > until:
                raise TimeoutError
            await asyncio.sleep(_STEP_SECS)

    def _hosts(self, found: Object) -> Sequence[str]:
        """An endpoint whose name is not known yet is left out until it is."""
        endpoints = found.get("endpoints") or ()
        if self._config.return_hostnames:
            names = (each.get("hostname") for each in endpoints if each.get("addresses"))
            return [f"{name}.{self._name}.{self._namespace}" for name in names if name]
        return [
            f"[{address}]" if ":" in address else address
            for each in endpoints
            for address in each.get("addresses") or ()
        ]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
