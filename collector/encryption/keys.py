"""What others see of encryption."""

from __future__ import annotations

from typing import Protocol

Sealed = bytes
"""version (1), key id (8 bytes), nonce (12), what was encrypted, tag (16): 37 bytes more than it was."""

DAY_SECS = 86_400
FIELD = "enc:1:"
"""Sealed texts begin with it: `enc:1:<key id>:<base64>`."""


class Keys(Protocol):
    """Encrypts and decrypts for domains. Thread-safe; nothing waits longer than a moment.

    Each method may raise `KeysUnavailable`: nothing was changed, the same may be tried again in a second. Opening raises
    `KeyDestroyed` when the key is gone for good, and `Damaged` when it is not what was sealed for this domain and purpose.
    """

    @property
    def seals(self) -> bool:
        """Whether what is written now is to be encrypted; else only what was encrypted once is opened."""
        ...

    @property
    def destructions(self) -> int:
        """How many there were, as far as this process knows: when it grows, what was opened before should be let go of."""
        ...

    def seal(self, domain: str, purpose: str, plain: bytes, lasting: bool = False) -> Sealed:
        """Encrypt, bound to domain and purpose.

        Args:
            lasting: with the key that lives as long as the domain's, in the place of that of the day: for what is written once
                and kept for ever.
        """
        ...

    def open(self, domain: str, purpose: str, sealed: Sealed) -> bytes:
        """What was sealed for the same domain and purpose."""
        ...

    def seal_text(self, domain: str, attribute: str, text: str) -> str:
        """A value as it may stand in a store: `enc:1:<key id>:<base64>`. Each call gives another one."""
        ...

    def open_text(self, domain: str, attribute: str, text: str) -> str:
        """What `seal_text` was given; any other text as it is."""
        ...

    def pseudonym(self, domain: str, text: str) -> str:
        """32 hexadecimal digits that stand for a text in its domain (HMAC-SHA-256), the same as long as the domain's key lives."""
        ...

    def destroy(self, domain: str, made_by: float | None = None) -> int:
        """Destroy all keys of a domain: what they encrypted is gone, wherever it lies. What comes later has new keys.

        Args:
            made_by: Unix seconds; a domain whose key was made later is left alone, for it is done already.

        Returns:
            How many data keys there were.
        """
        ...
