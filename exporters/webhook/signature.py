"""Standard Webhooks: who receives a request knows that it is ours, whole, and of now.

Source: Standard Webhooks 1.0 (`spec/standard-webhooks.md`): `webhook-signature: v1,<base64 HMAC-SHA256 of "id.timestamp.body">`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

_PREFIX, _LEAST_BYTES = "whsec_", 24


def key_of(secret: str) -> bytes:
    """The key that a secret holds. Raises `ValueError`, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:  # binascii.Error is one, and what is not ASCII
        raise ValueError("a secret is whsec_ and base64") from None
    if not secret.startswith(_PREFIX) or len(key) < _LEAST_BYTES:
        raise ValueError(f"a secret is whsec_ and base64 of {_LEAST_BYTES} bytes or more")
    return key


def signed(keys: Sequence[bytes], id_: str, unix_secs: int, body: bytes) -> dict[str, str]:
    """The headers of a request. `id_` is the same at each repetition, and has no dot."""
    said = f"{id_}.{unix_secs}.".encode() + body
    found = [base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": id_, "webhook-timestamp": str(unix_secs), "webhook-signature": " ".join(f"v1,{one}" for one in found),
    }  # fmt: skip
