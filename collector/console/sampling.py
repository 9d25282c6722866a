"""Sample logs: sent by a short-lived child, the way that services send theirs, through the door that everybody has."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys

from collector.console.refusal import Busy, Refused
from collector.receivers.otlp.config import OtlpReceiverConfig
from collector.settings.model import Settings
from collector.transport.endpoint import Endpoint

log = logging.getLogger("logboom.console")

RECORDS = 1000
_PATIENCE_SECS, _LONGEST_SECS = 10, 60.0
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what stands there is not listened on here
_one = asyncio.Lock()


def door(settings: Settings) -> tuple[str, bool]:
    """Where the first receiver `otlp` takes OTLP over HTTP, and whether anybody on this machine may send there."""
    for component in settings.receivers.values():
        options = component.config
        block = options.protocols.http if isinstance(options, OtlpReceiverConfig) else None
        if block is not None:
            return (
                f"http{'s' if block.tls else ''}://{block.endpoint}",
                not block.tls and block.auth is None and block.transport != "unix",
            )
    return "http://localhost:4318", False


async def send_samples(settings: Settings, domain: str) -> int:
    """So many records were acknowledged; `domain` empty: of the domains of the samples.

    Raises:
        Refused: they can't be sent from here (409), are on their way already (429), or were not taken (503).
    """
    url, open_ = door(settings)
    if not open_:
        raise Refused(409, "samples can't be sent from here: the receiver asks for a credential or for TLS")
    if _one.locked():
        raise Busy
    async with _one:
        return await asyncio.to_thread(_sent, _reached(url), domain)


def _sent(url: str, domain: str) -> int:
    command = [
        sys.executable, "-m", "collector.cli", "send", "--records", str(RECORDS), "--batch-size", "50", "--protocol", "http",
        "--endpoint", url, "--patience", str(_PATIENCE_SECS), "--json", *(["--domain", domain] if domain else []),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST_SECS, check=False)  # noqa: S603 - ourselves
        said = json.loads(done.stdout or b"{}")
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        log.warning("samples could not be sent: %s", error)
        raise Refused(503, "the samples could not be sent; the service's log says more", None, 5.0) from error
    if not said.get("acknowledged"):
        raise Refused(503, f"the samples were not taken: {said.get('problem') or 'nobody answered'}", None, 5.0)
    return int(said["acknowledged"])


def _reached(url: str) -> str:
    """An address that listens on all is reached on this machine."""
    scheme, _, rest = url.partition("://")
    endpoint = Endpoint.parse(rest)
    return f"{scheme}://127.0.0.1:{endpoint.port}" if endpoint.host in _ANY_ADDRESS else url
