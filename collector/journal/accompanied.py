"""What came with a request, in front of its body in the journal: u32 length │ the text (`collector.client_info`) │ the body.

It is a part of what is stored, so the entry's checksum covers it; whoever reads entries gets both apart. An entry without it costs nothing.
"""

from __future__ import annotations

from struct import Struct

_LENGTH = Struct("<I")


def accompanied(body: bytes, client: str) -> bytes:
    """What is stored."""
    told = client.encode()
    return b"".join((_LENGTH.pack(len(told)), told, body))


def parted(stored: bytes) -> tuple[bytes, str]:
    """The body, and what came with it, of bytes that have passed their checksum."""
    begins = _LENGTH.size + _LENGTH.unpack_from(stored)[0]
    return stored[begins:], stored[_LENGTH.size : begins].decode()
