"""client_certificate: names of certificates give domains; what proxies say counts from those that are trusted alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.component import Context, Use
from collector.errors import Refusal
from collector.extensions.client_certificate import FACTORY
from collector.extensions.client_certificate.forwarded import certificate
from collector.transport.client_certificate import ClientCertificate
from counterparts.asking import Asking

RULES = [
    {"subject_cn": "checkout*", "domain": "by-cn.example"},
    {"san_uri": "spiffe://prod/tamyla/*", "domain": "tamyla.com"},
    {"san_uri": "spiffe://prod/deep/**", "domain": "deep.example"},
    {"san_dns": "*.shop.example", "domain": "Shop.example", "multi_domain": True},
    {"san_email": "*@agency.example"},
]


def made(**options):
    return FACTORY.create(
        FACTORY.config.model_validate({"rules": RULES, **options}), Context("client_certificate", Path())
    )


def ask(extension, shown: ClientCertificate | None, headers=None, address="203.0.113.9") -> str:
    try:
        found = extension.authenticate(Asking(headers or {}, shown=shown, address=address))
    except Refusal as refusal:
        return f"{type(refusal).__name__} {getattr(refusal, 'cause', '')}"
    return f"{found.domain} {found.id}"


C = ClientCertificate
CASES = {
    "none": (None, "Unauthenticated missing"),
    "a URI": (C("x", uris=("spiffe://prod/tamyla/api",)), "tamyla.com spiffe://prod/tamyla/api"),
    "a URI below": (C("x", uris=("spiffe://prod/tamyla/api/x",)), "PermissionDenied certificate"),
    "any URI below": (C("x", uris=("spiffe://prod/deep/api/x",)), "deep.example spiffe://prod/deep/api/x"),
    "a URI's letters count": (C("x", uris=("spiffe://PROD/tamyla/api",)), "PermissionDenied certificate"),
    "a DNS name has no letters": (C("x", dns=("EU.shop.example",)), "shop.example EU.shop.example"),
    "one label": (C("x", dns=("a.b.shop.example",)), "PermissionDenied certificate"),
    "the second name": (C("x", dns=("other", "eu.shop.example")), "shop.example eu.shop.example"),
    "not the name in another place": (C("eu.shop.example"), "PermissionDenied certificate"),
    "an address": (C("x", emails=("bob@agency.example",)), "None bob@agency.example"),
    "the common name": (C("checkout-7"), "by-cn.example checkout-7"),
    "an alternative name comes first": (
        C("checkout-7", uris=("spiffe://prod/tamyla/api",)), "tamyla.com spiffe://prod/tamyla/api",
    ),
    "no name": (C(), "PermissionDenied certificate"),
    "a name with a line end": (C("x", uris=("spiffe://prod/tamyla/api\nx",)), "tamyla.com spiffe://prod/tamyla/api\nx"),
}  # fmt: skip


@pytest.mark.parametrize(("shown", "expected"), CASES.values(), ids=CASES)
def test_rules(shown, expected):
    """The first rule that fits, alternative names before the common name; none is 403, no certificate 401. Remembered."""
    extension = made()
    assert [ask(extension, shown) for _ in range(2)] == [expected] * 2


def test_memory_is_bounded():
    """However many certificates come."""
    extension = made()
    for number in range(2000):
        ask(extension, C(f"checkout{number}"))
    assert len(extension._known) <= 1024


TAMYLA = "tamyla.com spiffe://prod/tamyla/api"
FORWARDED = {
    "Envoy": ('By=spiffe://me;Hash=ab;Subject="/C=US/CN=checkout;x";URI=spiffe://prod/tamyla/api', TAMYLA),
    "its own client is last": ("URI=spiffe://prod/deep/x,URI=spiffe://prod/tamyla/api;DNS=a", TAMYLA),
    "a client that forges": ('URI=spiffe://prod/tamyla/api,Subject="CN=a,b"', "PermissionDenied certificate"),
    "quotes hide commas": ('Subject="CN=checkout\\",URI=spiffe://prod/tamyla/api"', 'by-cn.example checkout"'),
    "encoded": ("URI=spiffe%3A%2F%2Fprod%2Ftamyla%2Fapi", TAMYLA),
    "rubbish": ("rubbish", "Unauthenticated missing"),
    "empty elements": (",,", "Unauthenticated missing"),
}


@pytest.mark.parametrize(("header", "expected"), FORWARDED.values(), ids=FORWARDED)
def test_what_a_trusted_proxy_says(header, expected):
    """Its word takes the place of its own certificate; that of anybody else is not even read."""
    extension = made(trusted_peers=["10.0.0.0/8"])
    headers = {"x-forwarded-client-cert": header}
    own = C("x", dns=("eu.shop.example",))
    assert ask(extension, own, headers, "10.1.2.3") == expected
    assert ask(extension, own, headers, "192.0.2.1") == "shop.example eu.shop.example"
    assert ask(made(), own, headers, "10.1.2.3") == "shop.example eu.shop.example"


@pytest.mark.parametrize(
    "text", ["", '"', "a=", '=";', "\\", 'Subject="CN=a\\', "URI=" + "a" * 10_000, ";" * 5000, ',"' * 2000]
)
def test_any_header(text):
    """Nothing raises, and time is linear."""
    certificate(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": []}, {"rules": [{}]}, {"rules": [{"san_uri": "a", "san_dns": "b"}]}, {"rules": [{"san_uri": "a", "domain": "x y"}]},
        {"trusted_peers": ["x"]},
    ],
)  # fmt: skip
def test_wrong_options(wrong):
    """Told before anything runs."""
    with pytest.raises(ValueError):
        FACTORY.config.model_validate({"rules": RULES, **wrong})


def test_uses():
    """It asks senders; domains come with rules that name some."""
    config = FACTORY.config.model_validate({"rules": RULES})
    assert config.provides() == {Use.SERVER_AUTHENTICATOR}
    assert config.gives_domains()
    assert not FACTORY.config.model_validate({"rules": RULES[-1:]}).gives_domains()
