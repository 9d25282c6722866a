"""The machine itself, and what its environment says."""

from __future__ import annotations

import logging
import os
import platform
import socket
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote

from processors.resource_detection.config import DetectorConfig, SystemConfig
from processors.resource_detection.surroundings import Failed, Found, Surroundings

log = logging.getLogger("logboom.resource_detection")

_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i686": "x86",
    "i386": "x86",
    "armv7l": "arm32",
    "ppc64le": "ppc64",
}
_CPU = {
    "host.cpu.vendor.id": "vendor_id",
    "host.cpu.family": "cpu family",
    "host.cpu.model.id": "model",
    "host.cpu.model.name": "model name",
    "host.cpu.stepping": "stepping",
}


def env(around: Surroundings, _: DetectorConfig) -> Found:
    """`OTEL_RESOURCE_ATTRIBUTES`: `key=value,…`, percent-encoded."""
    text = around.environ.get("OTEL_RESOURCE_ATTRIBUTES") or around.environ.get("OTEL_RESOURCE") or ""
    found: Found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            log.warning("OTEL_RESOURCE_ATTRIBUTES: part of it is not key=value, and left out")
            continue
        found[key.strip()] = unquote(value.strip().strip('"'))
    return found


def system(around: Surroundings, options: SystemConfig) -> Found:
    """The operating system. Only what is asked for is looked up."""
    release = _os_release(around)
    found: Found = {
        "host.name": _first_name(options.hostname_sources),
        "os.type": platform.system().lower(),
        "host.arch": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "host.id": around.file("/etc/machine-id") or around.file("/var/lib/dbus/machine-id"),
        "os.description": release.get("PRETTY_NAME") or platform.platform(),
        "os.name": release.get("NAME") or platform.system(),
        "os.version": release.get("VERSION_ID") or platform.release(),
        "os.build.id": release.get("BUILD_ID") or platform.release(),
    }
    return {key: value for key, value in (found | _cpu(around)).items() if value}


def _cpu(around: Surroundings) -> Found:
    lines = (line.partition(":") for line in around.file("/proc/cpuinfo").split("\n\n")[0].splitlines())
    said = {key.strip(): value.strip() for key, _, value in lines}
    return {key: said[name] for key, name in _CPU.items() if name in said}


def _os_release(around: Surroundings) -> Mapping[str, str]:
    text = around.file("/etc/os-release") or around.file("/usr/lib/os-release")
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key: value.strip("\"'") for key, _, value in pairs}


def _first_name(sources: Sequence[str]) -> str:
    """Raises `Failed` when none of them has one."""
    for source in sources:
        try:
            name = _NAMES[source]()
        except OSError:
            continue
        if name:
            return name
    raise Failed(f"no name of this machine by {', '.join(sources)}")


def _by_dns() -> str:
    """The name that its own name leads to, when that is a whole one."""
    name = socket.getfqdn()
    return name if name != "localhost" else ""


def _by_lookup() -> str:
    """The name of the first address that its own name has."""
    return socket.gethostbyaddr(socket.gethostbyname(socket.gethostname()))[0]


def _by_cname() -> str:
    return socket.getaddrinfo(socket.gethostname(), None, flags=socket.AI_CANONNAME)[0][3]


_NAMES: dict[str, Callable[[], str]] = {
    "dns": _by_dns, "os": lambda: os.uname().nodename, "cname": _by_cname, "lookup": _by_lookup,
}  # fmt: skip
