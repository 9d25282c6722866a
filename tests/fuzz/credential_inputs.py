"""What senders show of themselves, damaged: Authorization and other headers, several of them, query parameters."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from urllib.parse import quote_from_bytes

GOOD_TOKEN = "hunter2-token"
GOOD_USER = "ann:hunter2-password"
SCHEMES = ["Bearer", "bearer", "Basic", "ApiKey", "Token", "", "Bearer Bearer", "Digest", "\tBearer"]
NAMES = ["authorization", "Authorization", "x-api-key", "dd-api-key", "x-token", "cookie", "proxy-authorization"]


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _jwt(rng: random.Random) -> str:
    head = {
        "alg": rng.choice(["none", "HS256", "RS256", "ES256", "EdDSA", "", None, 5]),
        "kid": rng.choice(["a", "", None, "x" * 500]),
    }
    head |= rng.choice(
        [{}, {"jku": "http://127.0.0.1:1/"}, {"x5u": "http://127.0.0.1:1/"}, {"crit": ["exp"]}, {"jwk": {"kty": "oct"}}]
    )
    claims = {"iss": rng.choice(["https://issuer.example", "", None, [], "x"]), "exp": rng.choice([9e9, -1, "soon", None, 1e400, [1]]),
              "aud": rng.choice(["logs", [], None, {}])}  # fmt: skip
    return ".".join([_b64(head), _b64(claims), rng.choice(["", "AAAA", "a" * 342])][: rng.choice([3, 3, 3, 2, 1])])


def _value(rng: random.Random) -> str:
    texts = [
        "", "x", GOOD_TOKEN, GOOD_TOKEN[:-1], GOOD_TOKEN + "x", _jwt(rng), "lbi_" + "0" * 12 + "_" + "a" * 49, "lbi__", "lb", "é" * 10,
        base64.b64encode(rng.choice([GOOD_USER, "ann:", ":", "ann", "nobody:x", "ann:" + "x" * 5000]).encode()).decode(), "====", "%%", "x" * 9000,
        base64.b64encode(rng.randbytes(20)).decode(), "a b c", '"', "\\", ",", "a,b",
    ]  # fmt: skip
    scheme = rng.choice(SCHEMES)
    text = rng.choice(texts)
    return f"{scheme}{rng.choice([' ', '  ', ''])}{text}" if scheme else text


GOOD, BAD = b"+", b"-"
"""The first byte of what a connection to a guarded listener sends: somewhere in it stands what is good, or nowhere."""
_STRANGE = [
    b"Bearer x",
    b"Bearer",
    b"Basic YTpi",
    b"Bearer " + b"y" * 9000,
    b"\xff\xfe",
    b"ApiKey lbi_" + b"0" * 12 + b"_" + b"a" * 49,
    b"Bearer a b",
    b"",
]


def guarded(make: Callable[[random.Random, Callable[[random.Random], bytes]], bytes], rng: random.Random) -> bytes:
    """What one connection to a guarded listener sends, with `GOOD` or `BAD` in front."""
    good = rng.random() < 0.3
    values = [*_STRANGE, *([f"Bearer {GOOD_TOKEN}".encode()] * 8 if good else [])]
    return (GOOD if good else BAD) + make(rng, lambda rng: rng.choice(values))


def make(rng: random.Random) -> bytes:
    """One request's credentials: `name: value` a line, then a line with its query."""
    lines = [
        f"{rng.choice(NAMES)}: {_value(rng)}".encode("latin-1", "replace")
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))
    ]
    damaged = [bytearray(line) for line in lines]
    for line in damaged:
        if rng.random() < 0.2:
            line[rng.randrange(len(line))] = rng.getrandbits(8)
    query = rng.choice(
        [b"", b"", b"key=" + quote_from_bytes(rng.randbytes(8)).encode(), b"key=a&key=b", b"authorization=Bearer x"]
    )
    clean = [bytes(line).replace(b"\n", b" ").replace(b"\r", b" ") for line in damaged]
    return b"\n".join([*clean, b"?" + query])


def parts(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers, names in lower case, and query."""
    *lines, query = data.split(b"\n")
    pairs = [line.partition(b":")[::2] for line in lines]
    return [(name.strip().lower(), value.strip()) for name, value in pairs if name.strip()], query.removeprefix(b"?")


def holds_a_good_one(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a sender that is let in may have known something."""
    shown = b" ".join(value for _, value in headers)
    user = base64.b64encode(GOOD_USER.encode()).rstrip(b"=")
    return GOOD_TOKEN.encode() in shown or user in shown
