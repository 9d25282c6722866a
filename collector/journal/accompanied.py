"""What came with a request, in front of its body in the journal: u32 length │ the text │ the body. The text is JSON: what its sender's server
knew (`collector.client_info`), and as `o`, first of all, where its records stood before (`collector.journal.provenance`).

It is a part of what is stored, so the entry's checksum covers it; whoever reads entries gets all apart. An entry without it costs nothing.
"""

from __future__ import annotations

from struct import Struct

_LENGTH = Struct("<I")
_STOOD = '{"o":"'


def accompanied(body: bytes, client: str, provenance: str = "") -> bytes:
    """What is stored."""
    told = (f'{_STOOD}{provenance}"' + (f",{client[1:]}" if client else "}") if provenance else client).encode()
    return b"".join((_LENGTH.pack(len(told)), told, body))


def parted(stored: bytes) -> tuple[bytes, str, str]:
    """The body, what came with it, and where it stood before, of bytes that have passed their checksum."""
    begins = _LENGTH.size + _LENGTH.unpack_from(stored)[0]
    body, told = stored[begins:], stored[_LENGTH.size : begins].decode()
    if not told.startswith(_STOOD):
        return body, told, ""
    provenance, _, client = told[len(_STOOD) :].partition('"')
    return body, "{" + client[1:] if client != "}" else "", provenance
