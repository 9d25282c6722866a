"""oidc: whose tokens are good, what becomes of their claims, and how keys come, go stale and rotate."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWKSet

from collector.component import Context, Use
from collector.domains.credential import WRITE
from collector.errors import Refusal, Unavailable
from collector.extensions.oidc import FACTORY
from collector.extensions.oidc.config import Provider
from collector.extensions.oidc.fetching import Fetched, NoKeys
from collector.extensions.oidc.key_set import FORCED_SECS, KeySet
from counterparts.asking import Asking

ISSUER = "https://id.example/realms/logs"
KEYS = {
    "RS256": rsa.generate_private_key(65537, 2048), "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}  # fmt: skip
KEYS["PS512"] = KEYS["RS256"]
STRANGER = rsa.generate_private_key(65537, 2048)
_FORMS = {
    "R": jwt.algorithms.RSAAlgorithm, "P": jwt.algorithms.RSAAlgorithm, "E": jwt.algorithms.ECAlgorithm,
    "O": jwt.algorithms.OKPAlgorithm,
}  # fmt: skip


def jwks(*names: str, **more) -> dict[str, Any]:
    """The public keys, by their algorithm's name."""
    found = []
    for name in names or KEYS:
        form = _FORMS["O" if name == "EdDSA" else name[0]]
        found.append({**json.loads(form.to_jwk(KEYS[name].public_key())), "kid": name, "use": "sig", **more})
    return {"keys": found}


def token(alg: str = "RS256", key: Any = None, headers: dict[str, Any] | None = None, **claims) -> str:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": "logboom",
        "sub": "svc",
        "exp": now + 600,
        "iat": now,
        "scope": "a logs:write",
        "domain": "tamyla.com",
    }
    whole = {name: value for name, value in {**whole, **claims}.items() if value is not None}
    return jwt.encode(
        whole, key if key is not None else KEYS[alg], algorithm=alg, headers={"kid": alg, **(headers or {})}
    )


@pytest.fixture
def made(tmp_path):
    """Makes an extension with a file of keys."""
    (tmp_path / "jwks").write_text(json.dumps(jwks()))
    extensions = []

    def make(**options):
        given = {"issuer_url": ISSUER, "audience": "logboom", "public_keys_file": str(tmp_path / "jwks"), **options}
        extension = FACTORY.create(FACTORY.config.model_validate(given), Context("oidc", Path()))
        extension.start()
        extensions.append(extension)
        return extension

    yield make
    for extension in extensions:
        extension.shutdown()


def ask(extension, shown: Any) -> str:
    headers = {"authorization": f"Bearer {shown}"} if isinstance(shown, str) else shown
    try:
        found = extension.authenticate(Asking(headers))
    except Refusal as refusal:
        return f"{type(refusal).__name__} {getattr(refusal, 'cause', '')}".strip()
    return f"{found.id} of {found.domain}"


@pytest.mark.parametrize("alg", KEYS)
def test_algorithms(made, alg):
    """What the key can sign with: RSA in both forms, elliptic curves, Ed25519."""
    assert ask(made(), token(alg)) == "svc of tamyla.com"


def confused() -> str:
    """A token that is signed with the public key as a shared secret (CVE-2026-48526 and its kin)."""
    from cryptography.hazmat.primitives import serialization as s

    public = KEYS["RS256"].public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac

    head, body, _ = token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "RS256"}).encode()).rstrip(b"=").decode()
    mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def unsigned() -> str:
    return jwt.encode(
        {"iss": ISSUER, "aud": "logboom", "exp": time.time() + 600}, None, algorithm="none", headers={"kid": "RS256"}
    )


WRONG = {
    "no token": (dict, "Unauthenticated missing"),
    "another scheme": (lambda: {"authorization": "Basic x"}, "Unauthenticated malformed"),
    "two": (lambda: {"authorization": ["Bearer a", "Bearer b"]}, "InvalidPayload"),
    "rubbish": (lambda: "a.b.c", "Unauthenticated malformed"),
    "too long": (lambda: "a" * 20_000, "Unauthenticated malformed"),
    "deep": (lambda: base64.urlsafe_b64encode(b"[" * 9000).decode() + ".e30.x", "Unauthenticated malformed"),
    "another issuer": (lambda: token(iss="https://evil.example"), "Unauthenticated issuer"),
    "no issuer": (lambda: token(iss=None), "Unauthenticated issuer"),
    "another audience": (lambda: token(aud="else"), "Unauthenticated audience"),
    "no audience": (lambda: token(aud=None), "Unauthenticated invalid"),
    "ended": (lambda: token(exp=int(time.time()) - 31), "Unauthenticated expired"),
    "no end": (lambda: token(exp=None), "Unauthenticated invalid"),
    "not yet": (lambda: token(nbf=int(time.time()) + 100), "Unauthenticated invalid"),
    "too long a life": (lambda: token(exp=int(time.time()) + 200_000), "Unauthenticated lifetime"),
    "too long a life, near its end": (
        lambda: token(iat=int(time.time()) - 100_000),
        "Unauthenticated lifetime",
    ),
    "a life that is told as something else": (lambda: token(iat="x"), "Unauthenticated invalid"),
    "a stranger's key": (lambda: token(key=STRANGER), "Unauthenticated signature"),
    "an unknown key": (lambda: token(headers={"kid": "other"}), "Unauthenticated unknown_key"),
    "a key that the token brings": (
        lambda: token(key=STRANGER, headers={"jku": "https://evil", "jwk": jwks("ES256")["keys"][0]}),
        "Unauthenticated signature",
    ),
    "a public key as a secret": (confused, "Unauthenticated invalid"),
    "no signature": (unsigned, "Unauthenticated invalid"),
    "another algorithm than the key's": (lambda: token("ES256", headers={"kid": "RS256"}), "Unauthenticated invalid"),
    "no scope": (lambda: token(scope="logs:read"), "svc of tamyla.com"),
    "no domain": (lambda: token(domain=None), "PermissionDenied domain"),
    "a domain that is none": (lambda: token(domain="a b"), "PermissionDenied domain"),
    "the service's domain": (lambda: token(domain="logboom"), "PermissionDenied domain"),
    "a number": (lambda: token(domain=7), "PermissionDenied domain"),
}


@pytest.mark.parametrize(("shown", "expected"), WRONG.values(), ids=WRONG)
def test_who_is_not_let_in(made, shown, expected):
    """Each for its reason, which is ours to know; twice the same, since wrong tokens are remembered apart."""
    extension, text = made(), shown()
    assert [ask(extension, text) for _ in range(2)] == [expected] * 2


CLAIMS = {
    "a list of domains": ({}, {"domain": ["tamyla.com", "Other.example", 5]}, ("tamyla.com", ("other.example",), "svc")),
    "a map": ({"domain_map": {"t-17": "tamyla.com"}}, {"domain": "t-17"}, ("tamyla.com", (), "svc")),
    "another claim": ({"domain_claim": "tenant"}, {"tenant": "a.b"}, ("a.b", (), "svc")),
    "no claim": ({"domain_claim": ""}, {"domain": None}, (None, (), "svc")),
    "a name of its own": ({"username_claim": "email"}, {"email": "x@y"}, ("tamyla.com", (), "x@y")),
}  # fmt: skip


@pytest.mark.parametrize(("options", "claims", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_claims(made, options, claims, expected):
    """Domain, the others that it may send for, and who it is."""
    found = made(**options).authenticate(Asking({"authorization": f"Bearer {token(**claims)}"}))
    assert (found.domain, found.domains, found.id) == expected


def test_a_value_that_is_not_in_the_map(made):
    """It is no domain, whatever it says."""
    assert ask(made(domain_map={"t-17": "tamyla.com"}), token(domain="tamyla.com")) == "PermissionDenied domain"


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "logs:write"}, {WRITE}),
        ({"scope": None, "scp": ["x", "logs:write"]}, {WRITE}),
        ({"scope": "logs:writer"}, set()),
    ],
)
def test_scopes(made, claims, scopes):
    """As text or list; one that only begins alike is another."""
    assert made().authenticate(Asking({"authorization": f"Bearer {token(**claims)}"})).scopes == scopes
    assert made(scope="").authenticate(Asking({"authorization": f"Bearer {token(**claims)}"})).scopes == {WRITE}


def test_groups_and_subject(made):
    """Attributes as the Collector names them; never the token."""
    found = made(groups_claim="groups").authenticate(Asking({"authorization": f"Bearer {token(groups=['a', 'b'])}"}))
    assert found.attributes == {"subject": "svc", "issuer": ISSUER, "membership": "a,b"}


def test_relaxed_as_the_collector_has_it(made):
    """Without audience; of any issuer."""
    assert ask(made(audience="", ignore_audience=True), token(aud="else")) == "svc of tamyla.com"
    assert ask(made(ignore_issuer=True), token(iss="https://other.example")) == "svc of tamyla.com"


def test_remembered(made, tmp_path):
    """A good token is verified once in five minutes, and known again; wrong ones can't push it out."""
    extension, good = made(), token()
    assert ask(extension, good) == "svc of tamyla.com"
    extension._keys[ISSUER]._keys = {}
    for number in range(11_000):
        extension._bad.put(b"%d" % number, "x", 30.0)
    assert ask(extension, good) == "svc of tamyla.com"
    assert extension.recall(Asking({"authorization": f"Bearer {good}"})) is not None
    assert extension.recall(Asking({"authorization": "Bearer x"})) is None
    assert extension.recall(Asking({})) is None


def test_a_file_of_keys_that_changes(made, tmp_path, caplog):
    """Taken over within a look; what is no JWKS changes nothing, and is told once."""
    extension = made()
    (tmp_path / "jwks").write_text("{")
    for _ in range(3):
        extension.reload()
    assert ask(extension, token()) == "svc of tamyla.com"
    assert len(caplog.records) == 1
    (tmp_path / "jwks").write_text(json.dumps(jwks("ES256")))
    extension.reload()
    assert ask(extension, token(sub="x")) == "Unauthenticated unknown_key"
    assert ask(extension, token("ES256")) == "svc of tamyla.com"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """A provider that is asked for keys."""

    def __init__(self) -> None:
        self.keys = jwks("RS256")
        self.max_age, self.down, self.times = 3600.0, False, 0

    def __call__(self, provider: Provider) -> Fetched:
        self.times += 1
        if self.down:
            raise NoKeys("it is down")
        return Fetched(PyJWKSet.from_dict(self.keys), self.max_age)


def key_set(asked: Asked, clock: Clock, **options) -> KeySet:
    return KeySet(Provider(issuer_url=ISSUER, audience="x", **options), "oidc", asked, clock)


def test_before_the_first_keys():
    """Nobody is refused for a provider that has not answered."""
    keys = key_set(Asked(), Clock())
    with pytest.raises(Unavailable):
        keys.find("RS256")
    keys.fetch_once()
    assert keys.find("RS256") is not None
    assert keys.find(None) is not None, "the only key needs no name"


@pytest.mark.parametrize(("max_age", "again"), [(1000, 800), (1, 60), (10_000_000, 86_400), (0, 60)])
def test_when_keys_are_asked_for_again(max_age, again):
    """At four fifths of what the provider says, between a minute and a day."""
    asked = Asked()
    asked.max_age = max_age
    assert key_set(asked, Clock()).fetch_once() == again


def test_a_provider_that_is_down(caplog):
    """Its keys stay for a day; then nobody can tell. It is asked again soon, and ever later; told once."""
    asked, clock = Asked(), Clock()
    keys = key_set(asked, clock, stale_for="1000s")
    keys.fetch_once()
    asked.down = True
    clock.now += 2880
    assert [keys.fetch_once() for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert keys.is_stale
    assert keys.find("RS256") is not None
    clock.now += 1001
    with pytest.raises(Unavailable):
        keys.find("RS256")
    assert len(caplog.records) == 1
    asked.down = False
    keys.fetch_once()
    assert keys.find("RS256") is not None
    assert not keys.is_stale


def test_rotation():
    """A token with a new key makes the provider asked, once in thirty seconds whatever comes; until then its sender is told to come
    again, and a key that the provider has not is refused."""
    asked, clock = Asked(), Clock()
    keys = key_set(asked, clock)
    keys.fetch_once()
    asked.keys = jwks("ES256")
    clock.now += 1
    with pytest.raises(Unavailable):
        keys.find("ES256")
    assert keys._wake.is_set()
    keys._wake.clear()
    clock.now += 1
    keys.fetch_once()
    assert keys.find("ES256") is not None
    for number in range(100):
        with pytest.raises(Unavailable):
            keys.find(f"invented-{number}")
    assert not keys._wake.is_set(), "not within thirty seconds"
    clock.now += FORCED_SECS
    with pytest.raises(Unavailable):
        keys.find("invented-0")
    assert keys._wake.is_set()
    clock.now += 1
    keys.fetch_once()
    assert keys.find("invented-0") is None


def test_keys_that_are_not_for_signatures():
    """A shared secret, or a key for encryption, in a JWKS is no key of ours."""
    asked = Asked()
    secret = {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode(), "kid": "oct", "alg": "HS256"}
    asked.keys = {"keys": [*jwks("RS256")["keys"], secret, *jwks("ES256", use="enc")["keys"]]}
    keys = key_set(asked, Clock())
    keys.fetch_once()
    assert set(keys._keys) == {"RS256"}


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"issuer_url": ISSUER}, {"issuer_url": "id.example", "audience": "x"}, {"providers": []},
        {"issuer_url": ISSUER, "providers": [{"issuer_url": ISSUER, "audience": "x"}]},
        {"providers": [{"issuer_url": ISSUER, "audience": "x"}] * 2},
        {"providers": [{"issuer_url": ISSUER, "audience": "x", "ignore_issuer": True}, {"issuer_url": ISSUER + "2", "audience": "x"}]},
        {"issuer_url": ISSUER, "audience": "x", "domain_map": {"a": "b c"}},
    ],
)  # fmt: skip
def test_wrong_options(wrong):
    """Told before anything runs."""
    with pytest.raises(ValueError):
        FACTORY.config.model_validate(wrong)


def test_uses():
    """It asks senders."""
    config = FACTORY.config.model_validate({"issuer_url": ISSUER, "audience": "x"})
    assert config.provides() == {Use.SERVER_AUTHENTICATOR}
    assert config.gives_domains()


def test_issuers_that_can_not_be_asked_are_named(tmp_path):
    """As long as their keys of before are used."""
    oidc = FACTORY.create(
        FACTORY.config.model_validate({"issuer_url": ISSUER, "audience": "x"}), Context("oidc", tmp_path)
    )
    assert oidc.stale() == {}
    (keys,) = oidc._keys.values()
    asked = Asked()
    keys._ask = asked
    keys.fetch_once()
    asked.down = True
    keys.fetch_once()
    assert list(oidc.stale()) == [ISSUER]
    assert "can't be asked for keys" in oidc.stale()[ISSUER]
    asked.down = False
    keys.fetch_once()
    assert oidc.stale() == {}
