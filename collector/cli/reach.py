"""`logboom validate --reach`: is somebody there? Each destination is connected to; nothing that it would store is sent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from collector.component import Component, Config, SpeaksTls
from collector.delivery.config import DeliveryConfig

if TYPE_CHECKING:
    from collector.transport.tls import TlsClientConfig

PATIENCE_SECS = 10.0
"""For all together: they are tried at the same time."""
_LONGEST_ANSWER = 4096


@dataclass(frozen=True, slots=True)
class Reached:
    """What one try gave."""

    exporter: str
    address: str
    ok: bool
    said: str


def reach(exporters: Mapping[str, Component[DeliveryConfig]], patience_secs: float = PATIENCE_SECS) -> list[Reached]:
    """Try the addresses of all exporters; those that send nowhere are left out."""
    return asyncio.run(_reach(exporters, patience_secs))


async def _reach(exporters: Mapping[str, Component[DeliveryConfig]], patience_secs: float) -> list[Reached]:
    tries = [
        _bounded(name, address, component.config, patience_secs)
        for name, component in exporters.items()
        for address in component.config.reached_at()
    ]
    return list(await asyncio.gather(*tries))


async def _bounded(name: str, address: str, config: Config, patience_secs: float) -> Reached:
    try:
        async with asyncio.timeout(patience_secs):
            return Reached(name, address, True, await _try(address.partition(" (")[0], address, config))
    except TimeoutError:
        return Reached(name, address, False, f"no answer within {patience_secs:g} s")
    except ssl.SSLError as error:
        return Reached(name, address, False, f"TLS: {_refusal(error)}")
    except (OSError, ValueError) as error:
        return Reached(name, address, False, _reason(error))


def _refusal(error: ssl.SSLError) -> str:
    unverified = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else ""
    return unverified or error.reason or str(error)


def _reason(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else str(error) or type(error).__name__


async def _try(where: str, told: str, config: Config) -> str:
    if where.startswith("unix:"):
        return _unix(where.removeprefix("unix:"))
    if told.endswith(("(UDP)", "(UDP, in the clear)")):
        return await _resolve(where)
    if "://" in where:
        parts = urlsplit(where)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        context = _context(config) if parts.scheme == "https" else None
        return await _connect(parts.hostname or "", port, context, config, ask=True)
    host, _, port_text = where.rpartition(":")
    context = None if "in the clear" in told or "(TCP" in told or _insecure(config) else _context(config)
    return await _connect(host.strip("[]"), int(port_text), context, config, ask=False)


def _unix(path: str) -> str:
    if not os.path.exists(path):  # noqa: PTH110 - a socket, never opened
        raise FileNotFoundError(2, "")
    return "the socket is there"


async def _resolve(where: str) -> str:
    host, _, port = where.rpartition(":")
    await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port))
    return "the name has an address; whether somebody listens, UDP does not tell"


async def _connect(host: str, port: int, context: ssl.SSLContext | None, config: Config, ask: bool) -> str:
    tls = _tls(config)
    name = (tls.server_name_override if tls is not None else "") or host
    reader, writer = await asyncio.open_connection(
        host, port, ssl=context, server_hostname=name if context else None, limit=_LONGEST_ANSWER
    )
    try:
        spoken = f"connected, {(context and writer.get_extra_info('ssl_object').version()) or 'in the clear'}"
        return f"{spoken}; {await _head(reader, writer, host)}" if ask else spoken
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


async def _head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> str:
    """HEAD asks for no change of anything (RFC 9110, 9.2.1), and no credential goes along."""
    writer.write(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii", "replace"))
    await writer.drain()
    version, _, status = (await reader.readline()).decode("latin-1").strip().partition(" ")
    return f"answers HTTP {status}" if version.startswith("HTTP/") else "speaks no HTTP"


def _insecure(config: Config) -> bool:
    tls = _tls(config)
    return tls is not None and tls.insecure


def _tls(config: Config) -> TlsClientConfig | None:
    from collector.transport.tls import TlsClientConfig

    found = config.tls if isinstance(config, SpeaksTls) else None
    return found if isinstance(found, TlsClientConfig) else None  # a block of that name may be another one


def _context(config: Config) -> ssl.SSLContext:
    from collector.transport.tls import TlsClientConfig, client_context

    return client_context(_tls(config) or TlsClientConfig())
