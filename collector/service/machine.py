"""What the supervisor looks at beside its processes: room on the disk, the clock, and how long certificates are good."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.component import Kind
from collector.settings.cautions import blocks
from collector.settings.model import Settings
from collector.transport.tls import TlsConfig

log = logging.getLogger("logboom.health")

_LOOK_AGAIN_SECS = 3600.0
_JUMP_SECS = 1.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that a component shows, and when it (or the first of its chain) expires."""

    component: str
    file: str
    expires_unix: float


class Machine:
    """Of one supervisor, whose watch asks.

    Args:
        root: the data directory.
        wall, monotonic: both clocks, in seconds.
    """

    def __init__(
        self, root: Path, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._wall = wall
        self._monotonic = monotonic
        self._apart = wall() - monotonic()
        self._looked_at = -_LOOK_AGAIN_SECS
        self._settings: Settings | None = None
        self._certificates: list[Certificate] = []

    def disk_free_bytes(self) -> int | None:
        """What an ordinary user may still write where the data directory is; None when that can't be told."""
        try:
            return shutil.disk_usage(self._root).free
        except OSError:
            return None

    def clock_jump(self) -> float:
        """By how many seconds the clock was set forward (or back) since the last look; 0.0 for less than one."""
        apart = self._wall() - self._monotonic()
        jump, self._apart = apart - self._apart, apart
        return jump if abs(jump) > _JUMP_SECS else 0.0

    def certificates(self, settings: Settings) -> list[Certificate]:
        """Those of all components; their files are read each hour, and when the configuration changed."""
        now = self._monotonic()
        if settings is not self._settings or now - self._looked_at >= _LOOK_AGAIN_SECS:
            self._settings, self._looked_at = settings, now
            self._certificates = list(_certificates(settings))
        return self._certificates

    def expires_in(self, certificate: Certificate) -> float:
        """Seconds; negative: since when it has expired."""
        return certificate.expires_unix - self._wall()


def _certificates(settings: Settings) -> Iterator[Certificate]:
    for kind in Kind:
        for ident, component in settings.components(kind).items():
            for _, block in blocks(component.config, f"{kind}.{ident}"):
                if isinstance(block, TlsConfig) and block.cert_file:
                    yield from _read(f"{kind}.{ident}", block.cert_file)


def _read(component: str, file: str) -> Iterator[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates  # 10 MB, and only where there is a certificate

    try:
        chain = load_pem_x509_certificates(Path(file).read_bytes())
    except (OSError, ValueError):  # whoever uses it says so
        return
    yield Certificate(component, file, min(each.not_valid_after_utc.timestamp() for each in chain))


def in_words(secs: float) -> str:
    """`expires in 6 days`, `expired 2 hours ago`."""
    size, unit = next(
        ((s, u) for s, u in ((86_400, "days"), (3600, "hours"), (60, "minutes")) if abs(secs) >= 2 * s), (1, "seconds")
    )
    number = f"{abs(secs) / size:.0f} {unit}"
    return f"expires in {number}" if secs > 0 else f"expired {number} ago"
