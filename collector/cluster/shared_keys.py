"""Keys that all machines of a cluster must have alike: a person who was erased on one is known again on the others by the same pseudonym, a link
that one signed is followed at another, an audit chain goes on with its partition.

    status/0, key keys/<file> = the bytes of `DIR/<file>`

Who finds none tells its own. Of several, which machines told at the same moment, the smallest is the one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from collector.errors import StorageError, storage_error
from collector.kafka.wire import AtEnd, NewRecord, OutOfRange, Place, Refused, Unreachable, Wire
from collector.key_file import BYTES, kept_key

FILES = ("privacy.key", "links.key", "audit.key")
_PREFIX = b"keys/"
_AT_ONCE = 1000
_READ_SECS, _SEND_SECS, _SETTLE_SECS = 30.0, 10.0, 1.0
_log = logging.getLogger("logboom.cluster")


def share_keys(wire: Wire, topic: str, root: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Make the keys of a data directory those of the cluster.

    Raises:
        Unreachable: the brokers do not answer.
        StorageError: they refuse, or a file can't be written.
    """
    there = _read(wire, topic)
    missing = [name for name in FILES if name not in there]
    if missing:
        _tell(wire, topic, {name: _own(root / name) for name in missing})
        sleep(_SETTLE_SECS)  # others that found none have told theirs by then
        there = _read(wire, topic)
    for name in FILES:
        if name in there:
            _adopt(root / name, there[name])


def _own(path: Path) -> bytes:
    try:
        return kept_key(path, "machines of the cluster do not know it")
    except OSError as error:
        raise storage_error(path, error) from error


def _tell(wire: Wire, topic: str, keys: Mapping[str, bytes]) -> None:
    refused: list[str] = []

    def told(why: Refused | None, _: int) -> None:
        if why is not None:
            refused.append(str(why))

    sender = wire.sender("keys")
    for name, key in keys.items():
        sender.send(NewRecord(Place(topic, 0), _PREFIX + name.encode(), key), told)
    if not sender.close(_SEND_SECS) or refused:
        raise StorageError(f"the keys of the cluster can't be told: {refused[0] if refused else 'no answer'}")


def _read(wire: Wire, topic: str) -> dict[str, bytes]:
    """File → the smallest key that was told."""
    found: dict[str, bytes] = {}
    reader, until = wire.reader("keys", prompt=True), time.monotonic() + _READ_SECS
    try:
        reader.follow({Place(topic, 0): 0})
        while time.monotonic() < until:
            try:
                for each in reader.read(_AT_ONCE, 0.5):
                    if isinstance(each, AtEnd):
                        return found
                    if each.key and each.key.startswith(_PREFIX) and each.value and len(each.value) >= BYTES:
                        name = each.key.removeprefix(_PREFIX).decode()
                        found[name] = min(each.value, found.get(name, each.value))
            except OutOfRange as gone:
                reader.follow({gone.place: gone.begins})
    finally:
        reader.close()
    raise Unreachable(f"{topic}/0 can't be read to its end in {_READ_SECS:.0f} s")


def _adopt(path: Path, key: bytes) -> None:
    """It is this machine's from now on."""
    try:
        with contextlib.suppress(FileNotFoundError):
            if path.read_bytes() == key:
                return
            _log.warning("%s is replaced by that of the cluster", path)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError as error:
        raise storage_error(path, error) from error
