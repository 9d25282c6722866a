"""What asking who sends adds to a request, for each authenticator, in one run: `python tests/bench/authenticators.py`.

The whole first step is timed (throttle, authenticator, permission, counts) with a credential that is known; beside it what a
small request costs without it: its facts, its domain, and the check of its body.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bcrypt
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from collector.admission.doorkeeper import Doorkeeper
from collector.component import Context, Kind
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.resolver import DomainResolver, DomainRules
from collector.domains.seen_networks import SeenNetworks
from collector.domains.senders import Senders
from collector.errors import Unavailable
from collector.ingress.http_request import HttpRequest
from collector.registry import default_registry
from collector.testing.payloads import payload
from collector.transport.client_certificate import ClientCertificate
from otlp_wire import receive_protobuf

ROUNDS, TIMES = 7, 20_000
KEYS = 10_000


class Sender:
    """A connection with a client certificate."""

    peer = "203.0.113.9"

    def certificate(self) -> ClientCertificate:
        return ClientCertificate("checkout", uris=("spiffe://prod/tamyla/api",))


def request(authorization: str) -> HttpRequest:
    headers = [
        (b"host", b"logs.tamyla.com"), (b"user-agent", b"OTel-OTLP-Exporter-Python/1.45.0"), (b"content-type", b"application/x-protobuf"),
        (b"accept-encoding", b"gzip"), (b"authorization", authorization.encode()),
    ]  # fmt: skip
    scope = {
        "headers": headers,
        "query_string": b"",
        "client": ("203.0.113.9", 4711),
        "server": ("x", 4318),
        "sender": Sender(),
    }
    return HttpRequest(scope, dict(headers))


def made(name: str, folder: Path, **options):
    factory = default_registry().find(Kind.EXTENSION, name)
    assert factory is not None
    extension = factory.create(factory.config.model_validate(options), Context(name, folder))
    extension.start()
    return extension


def cases(folder: Path) -> dict[str, tuple]:
    """Name → (authenticator, what is shown)."""
    store = KeyStore(folder / FILE)
    shown = new_key(KeyKind.INGEST)
    store.add(Key(shown.id, KeyKind.INGEST, "tamyla.com", shown.digest))
    declared = [{"id": f"k{number}", "sha256": f"{number:064x}", "domain": "a.b"} for number in range(KEYS)]
    private = rsa.generate_private_key(65537, 2048)
    jwks = {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key())), "kid": "k"}]}
    (folder / "jwks").write_text(json.dumps(jwks))
    claims = {
        "iss": "https://id.example",
        "aud": "logboom",
        "sub": "s",
        "exp": time.time() + 3000,
        "scope": "logs:write",
        "domain": "tamyla.com",
    }
    token = jwt.encode(claims, private, "RS256", headers={"kid": "k"})
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(10)).decode()
    return {
        f"api_keys, {KEYS:,} of them": (made("api_keys", folder, keys=declared), f"Bearer {shown.text}"),
        "bearertokenauth": (made("bearertokenauth", folder, token="x" * 40), f"Bearer {'x' * 40}"),
        "basicauth, bcrypt": (made("basicauth", folder, htpasswd={"inline": f"anna:{hashed}"}), "Basic YW5uYTpzZWNyZXQ="),
        "oidc, RS256": (
            made("oidc", folder, issuer_url="https://id.example", audience="logboom", public_keys_file=str(folder / "jwks")),
            f"Bearer {token}",
        ),
        "client_certificate": (
            made("client_certificate", folder, rules=[{"san_uri": "spiffe://prod/tamyla/*", "domain": "tamyla.com"}]), "",
        ),
    }  # fmt: skip


def best(call: Callable[[], object]) -> float:
    """µs of CPU a call, the best of some rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(TIMES):
            call()
        found.append((time.thread_time() - began) / TIMES * 1e6)
    return min(found)


def main() -> None:
    resolver = DomainResolver(DomainRules(["tamyla.com"]))
    body = payload(10)

    def plain() -> None:
        asked = request("")
        resolver.resolve(asked)
        resolver.sender(asked)
        receive_protobuf(body)

    base = best(plain)
    sys.stdout.write("| first step | µs a request | of a small request's own checks |\n| --- | --- | --- |\n")
    sys.stdout.write(f"| none: facts, domain, check of 10 records | {base:.1f} | 1 |\n")
    with tempfile.TemporaryDirectory() as text:
        for name, (authenticator, shown) in cases(Path(text)).items():
            seen = SeenNetworks(Path(text) / "networks")
            doorkeeper = Doorkeeper(Senders(()), networks=lambda who, where, seen=seen: seen.used(who, where, 20_000))
            asked = request(shown)
            while True:
                try:
                    doorkeeper.let_in(authenticator, name, "otlp", asked)
                    break
                except Unavailable:
                    time.sleep(0.05)

            def ask(authenticator=authenticator, name=name, doorkeeper=doorkeeper, asked=asked) -> None:
                doorkeeper.let_in(authenticator, name, "otlp", asked)

            cost = best(ask)
            sys.stdout.write(f"| {name} | {cost:.1f} | {cost / base:.2f} |\n")
            authenticator.shutdown()


if __name__ == "__main__":
    main()
