"""The master key: what wraps the keys of domains, and stands in no file of ours."""

from __future__ import annotations

import binascii
import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.encryption.cipher import KEY_BYTES
from collector.errors import KeysUnavailable

_NONCE_BYTES = 12


class Wrapped(NamedTuple):
    """A key as it is kept: which master key wrapped it, and the bytes."""

    master: str
    data: bytes


class MasterKey(Protocol):
    """Wraps keys of domains. What a plugin for a key management service implements: the service's key never comes here.

    Both methods may wait for the service (10 s at most), on a thread of their own, and raise `KeysUnavailable`.
    """

    @property
    def ids(self) -> Sequence[str]:
        """The ids of the keys that it can unwrap with; the first is the one that `rotate` goes to. No secret."""
        ...

    @property
    def waits(self) -> bool:
        """Whether wrapping asks somebody who may be slow."""
        ...

    def wrap(self, plain: bytes, domain: str, master: str) -> Wrapped:
        """Wrap a key of 32 bytes with the master key of that id, bound to the domain."""
        ...

    def unwrap(self, wrapped: Wrapped, domain: str) -> bytes:
        """What was wrapped for that domain."""
        ...


class MasterKeySource(NamedTuple):
    """How master keys are had, by the name under which a configuration asks for it: the value of an entry point of `logboom.master_keys`.

    Args:
        summary: one line for people.
        open: makes one of the options that stand in the configuration; asks nobody yet but where the key itself must be read.
            Raises `ValueError`: the options are wrong, in a sentence; `KeysUnavailable`: it can't be had.
    """

    summary: str
    open: Callable[[Mapping[str, object]], MasterKey]


class LocalMasterKey:
    """Keys of 32 bytes that this process knows; the first wraps. `read` gives them again, when one is asked for that was not there:
    so a running process follows a rotation."""

    waits = False

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read
        self._keys = _by_id(read())

    @property
    def ids(self) -> Sequence[str]:
        """See `MasterKey.ids`."""
        return list(self._keys)

    def wrap(self, plain: bytes, domain: str, master: str) -> Wrapped:
        """See `MasterKey.wrap`."""
        nonce = os.urandom(_NONCE_BYTES)
        return Wrapped(master, nonce + AESGCM(self._key(master)).encrypt(nonce, plain, _bound(domain, master)))

    def unwrap(self, wrapped: Wrapped, domain: str) -> bytes:
        """See `MasterKey.unwrap`."""
        nonce, body = wrapped.data[:_NONCE_BYTES], wrapped.data[_NONCE_BYTES:]
        try:
            return AESGCM(self._key(wrapped.master)).decrypt(nonce, body, _bound(domain, wrapped.master))
        except (InvalidTag, ValueError) as error:
            raise KeysUnavailable("a domain's key is not what the master key wrapped: keys.db is damaged") from error

    def _key(self, master: str) -> bytes:
        if master not in self._keys:
            self._keys = _by_id(self._read())
        if master not in self._keys:
            held = ", ".join(self._keys)
            raise KeysUnavailable(f"the master key {master} is asked for, and not the one that is here ({held})")
        return self._keys[master]


def parsed(text: str) -> list[bytes]:
    """The master keys in a text, one a line or word: 32 bytes in base64 or hexadecimal digits; the first wraps.

    Raises:
        ValueError: a sentence that shows nothing of it.
    """
    words = text.split()
    if not words:
        raise ValueError("it is empty")
    return [_parsed(word) for word in words]


def is_key(text: str) -> bool:
    """Whether a text is a master key, in the place of a name for one."""
    try:
        return bool(parsed(text))
    except ValueError:
        return False


def written(keys: Sequence[bytes]) -> str:
    """As `parsed` reads it."""
    return "".join(b64encode(key).decode() + "\n" for key in keys)


def new_master_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def id_of(key: bytes) -> str:
    """What tells one master key from another, and nothing of it."""
    return hmac.digest(key, b"logboom master key", "sha256")[:8].hex()


def _parsed(word: str) -> bytes:
    try:
        key = bytes.fromhex(word) if re.fullmatch(r"[0-9a-fA-F]{64}", word) else b64decode(word, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("a master key is 32 bytes in base64: `logboom master-key create FILE` makes one")
    return key


def _by_id(keys: Sequence[bytes]) -> dict[str, bytes]:
    return {id_of(key): key for key in keys}


def _bound(domain: str, master: str) -> bytes:
    return f"{domain}|domain key|{master}".encode()
