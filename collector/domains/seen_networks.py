"""From which networks credentials were used: a table that the processes of a data directory share, and that outlives them.

    networks.bin    magic ► groups of 8 rows ► row: name (of a credential, or of it and a network), day it was last used, since 1970

An address counts as its /24, of IPv6 as its /48. What was not used for 30 days is as if it had never been. A group that is full loses what
was used the longest ago: then a network is new once more than it should be. No locks: who writes a row writes the same in it as another.
"""

from __future__ import annotations

import ipaddress
import logging
import mmap
import os
import struct
import threading
from pathlib import Path

import xxhash

from collector.domains.senders import address_of

log = logging.getLogger("logboom.limits")

FILE = "networks.bin"
KEPT_DAYS = 30
_MAGIC = b"lbnetwk1".ljust(64, b"\0")
_ROW = struct.Struct("<16sQ")
_GROUPS, _ROWS = 2048, 8
_GROUP_BYTES = _ROW.size * _ROWS
_SIZE = len(_MAGIC) + _GROUPS * _GROUP_BYTES
_MOST = 10_000


class SeenNetworks:
    """As one process sees them. Safe from any thread.

    Args:
        path: of the file; it is made, 0600. Where it can't be, what was seen is forgotten with the process.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._opened: mmap.mmap | None = None
        self._fresh: dict[tuple[str, str], int] = {}

    @property
    def _map(self) -> mmap.mmap:
        """Opened when the first credential is used."""
        if self._opened is None:
            try:
                self._opened = _mapped(self._path)
            except OSError as error:
                log.error(
                    "%s: %s: networks of credentials are those of this process", self._path, error.strerror or error
                )
                self._opened = mmap.mmap(-1, _SIZE)
        return self._opened

    def used(self, credential: str, address: str, day: int) -> str:
        """A credential was used from there; the network, if it is known and this one is new to it. Else empty."""
        ident = (credential, address)
        if self._fresh.get(ident) == day:
            return ""
        network = wide_network(address)
        if not network:
            return ""
        with self._lock:
            if len(self._fresh) >= _MOST:
                self._fresh.clear()
            self._fresh[ident] = day
            known = self._touch(_name(credential), day)
            seen = self._touch(_name(credential, network), day)
        return network if known and not seen else ""

    def _touch(self, name: bytes, day: int) -> bool:
        """Write that it was used today; whether it was before."""
        start = len(_MAGIC) + int.from_bytes(name[:4], "little") % _GROUPS * _GROUP_BYTES
        oldest, chosen = 1 << 64, start
        for at in range(start, start + _GROUP_BYTES, _ROW.size):
            there, then = _ROW.unpack_from(self._map, at)
            if there == name:
                if then != day:
                    _ROW.pack_into(self._map, at, name, day)
                return bool(day - then <= KEPT_DAYS)
            if then < oldest:
                oldest, chosen = then, at
        _ROW.pack_into(self._map, chosen, name, day)
        return False


def wide_network(address: str) -> str:
    """`203.0.113.0/24`, `2001:db8:1::/48`; empty for what is no address."""
    ip = address_of(address)
    if ip is None:
        return ""
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def _name(*parts: str) -> bytes:
    return xxhash.xxh3_128_digest("\0".join(parts).encode(errors="replace"))


def _mapped(path: Path) -> mmap.mmap:
    """The whole file; it has its blocks, so that writing to the map can't fail."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, _SIZE)
        mapped = mmap.mmap(file, _SIZE)
    finally:
        os.close(file)
    if mapped[: len(_MAGIC)] != _MAGIC:
        mapped[:] = _MAGIC + bytes(_SIZE - len(_MAGIC))
    return mapped
