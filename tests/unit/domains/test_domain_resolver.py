"""Which domain a request belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from collector.domains.credential import Credential
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import PermissionDenied
from collector.settings.service import DomainsConfig


@dataclass
class Request:
    host: str = ""
    headers: dict = field(default_factory=dict)
    address: str = "203.0.113.9"

    def header(self, name):
        return self.headers.get(name)

    def peer(self):
        return self.address


NAMES = ["tamyla.com", "shop.tamyla.com", "Wetechfounders.com.", "localhost"]
RULES = DomainRules(names=NAMES, default="default", header="X-Domain", trusted_peers=["10.0.0.0/8", "fd00::/8", "unix"])

HOSTS = {
    "tamyla.com": "tamyla.com",
    "logger.tamyla.com": "tamyla.com",
    "a.b.c.tamyla.com": "tamyla.com",
    "LOGGER.Tamyla.COM": "tamyla.com",
    "logger.tamyla.com:4318": "tamyla.com",
    "logger.tamyla.com.": "tamyla.com",
    " tamyla.com ": "tamyla.com",
    "shop.tamyla.com": "shop.tamyla.com",
    "eu.shop.tamyla.com": "shop.tamyla.com",
    "logs.wetechfounders.com": "wetechfounders.com",
    "localhost:4317": "localhost",
    "eviltamyla.com": "default",
    "tamyla.com.evil.example": "default",
    "com": "default",
    "": "default",
    "127.0.0.1:4318": "default",
    "[::1]:4318": "default",
    "tamyla.com@evil.example": "default",
    "..": "default",
    "a." * 2000 + "tamyla.com": "default",
}


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host[:40])
def test_host(host):
    """The longest known domain that fits; an unknown host never makes a new domain."""
    resolver = DomainResolver(RULES)
    assert resolver.resolve(Request(host)) == HOSTS[host]
    assert resolver.resolve(Request(host)) == HOSTS[host], "the remembered answer is the same"


HEADERS = {
    "trusted header": ({"x-domain": "tamyla.com"}, "10.1.2.3", "tamyla.com"),
    "trusted header names a host": ({"x-domain": "logs.tamyla.com"}, "10.1.2.3", "tamyla.com"),
    "trusted header over everything": (
        {"x-domain": "tamyla.com", "x-forwarded-host": "shop.tamyla.com"},
        "10.1.2.3",
        "tamyla.com",
    ),
    "untrusted header": ({"x-domain": "tamyla.com"}, "203.0.113.9", "wetechfounders.com"),
    "header of an unknown domain": ({"x-domain": "nobody.example"}, "10.1.2.3", "default"),
    "forwarded host": ({"x-forwarded-host": "logger.tamyla.com"}, "10.1.2.3", "tamyla.com"),
    "untrusted forwarded host": ({"x-forwarded-host": "logger.tamyla.com"}, "203.0.113.9", "wetechfounders.com"),
    "only the peer's own value counts": (
        {"x-forwarded-host": "tamyla.com, shop.tamyla.com"},
        "10.1.2.3",
        "shop.tamyla.com",
    ),
    "IPv6 peer": ({"x-domain": "tamyla.com"}, "fd00::1", "tamyla.com"),
    "IPv4 in IPv6": ({"x-domain": "tamyla.com"}, "::ffff:10.1.2.3", "tamyla.com"),
    "IPv6 peer with a zone": ({"x-domain": "tamyla.com"}, "fe80::1%eth0", "wetechfounders.com"),
    "unix socket": ({"x-domain": "tamyla.com"}, "", "tamyla.com"),
    "peer that is no address": ({"x-domain": "tamyla.com"}, "testclient", "wetechfounders.com"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name):
    """Headers are believed only from trusted peers."""
    headers, peer, domain = HEADERS[name]
    request = Request("wetechfounders.com", headers, peer)
    assert DomainResolver(RULES).resolve(request) == domain


def test_loopback_is_trusted_by_default():
    """A proxy on the same machine needs no configuration; other machines do."""
    resolver = DomainResolver(DomainRules(names=["tamyla.com"]))
    headers = {"x-forwarded-host": "tamyla.com"}
    assert resolver.resolve(Request("x", headers, "127.0.0.1")) == "tamyla.com"
    assert resolver.resolve(Request("x", headers, "::1")) == "tamyla.com"
    assert resolver.resolve(Request("x", headers, "")) == "default"


@pytest.mark.parametrize("host", ["nobody.example", "", "x" * 5000, "\udcff\n"])
def test_no_default(host):
    """Without a default an unknown host is refused in one harmless line."""
    resolver = DomainResolver(DomainRules(names=["tamyla.com"], default=None))
    with pytest.raises(PermissionDenied) as caught:
        resolver.resolve(Request(host))
    assert len(caught.value.reason) < 400
    assert caught.value.reason.isprintable()
    assert caught.value.retry_after_secs is None


CREDENTIALS = [
    (Credential("tamyla.com"), "logger.tamyla.com", "tamyla.com"),
    (Credential("tamyla.com"), "nobody.example", "tamyla.com"),
    (Credential("tamyla.com", multi_domain=True), "wetechfounders.com", "wetechfounders.com"),
    (Credential("tamyla.com", multi_domain=True), "nobody.example", "tamyla.com"),
]


@pytest.mark.parametrize(("credential", "host", "domain"), CREDENTIALS)
def test_credential(credential, host, domain):
    """The credential decides; the host only chooses among what it reaches."""
    assert DomainResolver(RULES).resolve(Request(host), credential) == domain


def test_credential_of_another_domain():
    """Credential says A, host says B: refused."""
    with pytest.raises(PermissionDenied, match="does not reach"):
        DomainResolver(RULES).resolve(Request("wetechfounders.com"), Credential("tamyla.com"))


@pytest.mark.parametrize("rules", [DomainRules(names=[""]), DomainRules(trusted_peers=["10.0.0.0/99"])])
def test_rules_that_make_no_sense(rules):
    """Nonsense is an error when the resolver is made, not when a request comes."""
    with pytest.raises(ValueError):
        DomainResolver(rules)


def test_many_hosts_do_not_grow_memory():
    """Answers are remembered for a bounded number of hosts and peers."""
    resolver = DomainResolver(RULES)
    for number in range(10_000):
        request = Request(f"h{number}.example", {"x-domain": "tamyla.com"}, f"192.0.{number // 250}.{number % 250}")
        assert resolver.resolve(request) == "default"
    assert len(resolver._by_host) <= 4096
    assert len(resolver._senders.trusted._known) <= 1024


def test_rules_mirror_the_configuration():
    """`service.domains` has the same fields with the same defaults, and whose the service's own records are."""
    config = DomainsConfig()
    of_others = {"operator", "limits", "quotas", "costs", "cardinality"}
    rules = DomainRules(**config.model_dump(exclude=of_others))
    assert set(config.model_dump()) == {*DomainRules.__slots__, *of_others}
    assert (list(rules.names), rules.default, rules.header) == ([], DomainRules().default, DomainRules().header)
    assert list(rules.trusted_peers) == list(DomainRules().trusted_peers)


def test_no_request_belongs_to_the_services_own_domain():
    """No host, header, forwarded host, credential or default names it, however it is written, and whatever the rules say."""
    rules = DomainRules(names=["logboom", "tamyla.com"], default=None, header="X-Domain", trusted_peers=["10.0.0.0/8"])
    resolver = DomainResolver(rules)
    trusted = "10.0.0.1"
    for request in (
        Request("logboom"),
        Request("LOGBOOM."),
        Request("a.logboom:4318"),
        Request("tamyla.com", {"x-domain": "Logboom"}, trusted),
        Request("tamyla.com", {"x-forwarded-host": "x.logboom"}, trusted),
    ):
        with pytest.raises(PermissionDenied, match="the service's own domain"):
            resolver.resolve(request)
    for own in (Credential("logboom"), Credential("LOGBOOM."), Credential("logboom", multi_domain=True)):
        with pytest.raises(PermissionDenied, match=r"the service's own domain|is not known"):
            resolver.resolve(Request("unknown.example"), own)
    with pytest.raises(PermissionDenied, match="the service's own domain"):
        resolver.resolve(Request("logboom"), Credential("tamyla.com", multi_domain=True))
    with pytest.raises(PermissionDenied, match="the service's own domain"):
        DomainResolver(DomainRules(default="logboom")).resolve(Request("unknown.example"))


@pytest.mark.parametrize("given", [{"names": ["a.example", "Logboom"]}, {"default": "logboom"}])
def test_the_services_own_domain_is_not_configured(given):
    with pytest.raises(ValueError, match="the service's own domain"):
        DomainsConfig(**given)
