"""AES-256-GCM with one key, and the bytes of what it made."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.encryption.keys import FIELD
from collector.errors import Damaged

KEY_BYTES = 32
ID_BYTES = 8
_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BODY_AT = len(_VERSION) + ID_BYTES + _NONCE_BYTES
OVERHEAD = _BODY_AT + _TAG_BYTES
"""So many bytes more than it was."""


class Cipher:
    """One key, under its id. Thread-safe.

    The key is bound into what it seals (`domain|purpose|id`): it opens nothing that was sealed for something else.
    """

    def __init__(self, key_id: bytes, key: bytes, domain: str) -> None:
        self.id = key_id
        self._gcm = AESGCM(key)
        self._front = _VERSION + key_id
        self.domain = domain
        self._front_bound, self._end_bound = f"{domain}|".encode(), b"|" + key_id.hex().encode()

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """`Sealed` bytes."""
        nonce = os.urandom(_NONCE_BYTES)
        return self._front + nonce + self._gcm.encrypt(nonce, plain, self._bound(purpose))

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Raises `Damaged`."""
        view = memoryview(sealed)
        try:
            return self._gcm.decrypt(view[_BODY_AT - _NONCE_BYTES : _BODY_AT], view[_BODY_AT:], self._bound(purpose))
        except (InvalidTag, ValueError) as error:
            raise Damaged(f"what was encrypted for {purpose} is not what its key made") from error

    def _bound(self, purpose: str) -> bytes:
        return self._front_bound + purpose.encode() + self._end_bound


def key_id_of(sealed: bytes) -> bytes:
    """Of which key it is. Raises `Damaged`: these are no sealed bytes."""
    if len(sealed) < OVERHEAD or sealed[:1] != _VERSION:
        raise Damaged("these are no encrypted bytes")
    return bytes(sealed[1 : 1 + ID_BYTES])


def as_text(sealed: bytes) -> str:
    """As it may stand in a store."""
    return f"{FIELD}{key_id_of(sealed).hex()}:{b64encode(sealed[1 + ID_BYTES :]).decode()}"


def from_text(text: str) -> bytes:
    """From `as_text`. Raises `Damaged`."""
    key_id, _, body = text.removeprefix(FIELD).partition(":")
    try:
        return _VERSION + bytes.fromhex(key_id) + b64decode(body, validate=True)
    except ValueError as error:
        raise Damaged("this is no encrypted text") from error
