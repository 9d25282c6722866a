"""Keys that all machines of a cluster must have alike: a person who was erased on one is known again on the others by the same pseudonym, a link
that one signed is followed at another, an audit chain goes on with its partition.

    status/0, key keys/<file>          = the bytes of `DIR/<file>`
              key sealed-keys/<file>   = the same, encrypted, where the machines have a `secret` in common

Who finds none tells its own. Of several, which machines told at the same moment, the smallest is the one. With a secret, what was told in
the clear before is told again encrypted, and the clear one is deleted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from collector.cluster.whole import read_whole
from collector.errors import StorageError, storage_error
from collector.kafka.wire import Message, NewRecord, Place, Refused, Wire
from collector.key_file import BYTES, kept_key

FILES = ("privacy.key", "links.key", "audit.key")
_PREFIX, _SEALED = b"keys/", b"sealed-keys/"
_NONCE_BYTES = 12
_READ_SECS, _SEND_SECS, _SETTLE_SECS = 30.0, 10.0, 1.0
_log = logging.getLogger("logboom.cluster")


def share_keys(
    wire: Wire, topic: str, root: Path, secret: str = "", sleep: Callable[[float], None] = time.sleep
) -> None:
    """Make the keys of a data directory those of the cluster. `secret`: of its machines, by which the keys are encrypted in the topic.

    Raises:
        Unreachable: the brokers do not answer.
        StorageError: they refuse, a file can't be written, or the secret is another one than the cluster's.
    """
    cipher = _Cipher(secret) if secret else None
    told = _read(wire, topic)
    there = told.opened(cipher)
    missing = [name for name in FILES if name not in there]
    if missing or (cipher is not None and told.clear):
        new = {name: there[name] if name in there else _own(root / name) for name in {*missing, *told.clear}}
        _tell(wire, _records(topic, new, cipher))
        sleep(_SETTLE_SECS)  # others that found none have told theirs by then
        there = _read(wire, topic).opened(cipher)
    for name in FILES:
        if name in there:
            _adopt(root / name, there[name])


class _Cipher:
    """AES-256-GCM under a key that is derived from the secret; bound to the name of the file."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"logboom cluster keys").derive(secret.encode())
        self._gcm = AESGCM(derived)

    def seal(self, name: str, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._gcm.encrypt(nonce, key, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Raises `StorageError`: it was sealed by another secret."""
        try:
            return self._gcm.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise StorageError(
                f"service.ledger.kafka.secret is not that of the other machines: {name} of the cluster can't be opened with it"
            ) from error


class _Told(NamedTuple):
    """What stands in the topic: file → keys, in the clear and sealed."""

    clear: dict[str, list[bytes]]
    sealed: dict[str, list[bytes]]

    def opened(self, cipher: _Cipher | None) -> dict[str, bytes]:
        """File → the smallest key that was told."""
        if cipher is None and self.sealed:
            raise StorageError("service.ledger.kafka.secret is missing: the other machines of the cluster have one")
        found = {name: list(keys) for name, keys in self.clear.items()}
        for name, keys in self.sealed.items():  # a sealed one is newer than any in the clear
            assert cipher is not None, "checked above"
            found[name] = [cipher.open(name, key) for key in keys]
        return {name: min(keys) for name, keys in found.items() if keys}


def _records(topic: str, keys: Mapping[str, bytes], cipher: _Cipher | None) -> list[NewRecord]:
    place, records = Place(topic, 0), []
    for name, key in keys.items():
        clear = NewRecord(place, _PREFIX + name.encode(), key if cipher is None else None)
        records += (
            [clear] if cipher is None else [NewRecord(place, _SEALED + name.encode(), cipher.seal(name, key)), clear]
        )
    return records


def _own(path: Path) -> bytes:
    try:
        return kept_key(path, "machines of the cluster do not know it")
    except OSError as error:
        raise storage_error(path, error) from error


def _tell(wire: Wire, records: Sequence[NewRecord]) -> None:
    refused: list[str] = []

    def told(why: Refused | None, _: int) -> None:
        if why is not None:
            refused.append(str(why))

    sender = wire.sender("keys")
    for record in records:
        sender.send(record, told)
    if not sender.close(_SEND_SECS) or refused:
        raise StorageError(f"the keys of the cluster can't be told: {refused[0] if refused else 'no answer'}")


def _read(wire: Wire, topic: str) -> _Told:
    """What was told, and not deleted since."""
    found = _Told({}, {})
    for each in read_whole(wire, "keys", [Place(topic, 0)], _READ_SECS):
        _note(found, each)
    return found


def _note(found: _Told, each: Message) -> None:
    for prefix, keys in ((_PREFIX, found.clear), (_SEALED, found.sealed)):
        if each.key and each.key.startswith(prefix):
            name = each.key.removeprefix(prefix).decode()
            if each.value is None:
                keys.pop(name, None)
            elif len(each.value) >= BYTES:
                keys.setdefault(name, []).append(each.value)


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
