"""The key that signs checkpoints: an Ed25519 key, its 32 bytes in `audit.key` (0600) of the data directory."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from collector.key_file import BYTES, kept_key

FILE = "audit.key"


class SigningKey:
    """Of a data directory, the same in all its processes; made when it is first needed.

    Raises:
        OSError: it can't be read or made.
    """

    def __init__(self, root: Path) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        seed = kept_key(root / FILE, "checkpoints of before are checked with the public key of before")
        self._private = Ed25519PrivateKey.from_private_bytes(seed[:BYTES])
        self.public = self._private.public_key().public_bytes_raw()

    def sign(self, text: str) -> str:
        """The signature, in hexadecimal digits."""
        return self._private.sign(text.encode()).hex()


def key_id(public: bytes) -> str:
    """By what a public key is named: 16 digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def holds(public: bytes, text: str, signature: str) -> bool:
    """Whether the signature is one of the key, of this text."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
