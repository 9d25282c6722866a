"""No spelling of a domain leads to another: not in hosts, not in scopes of readers, not with a credential."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from collector.domains.credential import Credential
from collector.domains.names import domain_name
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import PermissionDenied
from collector.scope import Scope
from counterparts.asking import Asking

OWN, OTHER = "tamyla.com", "kiosk.example"
NAMES = [OWN, OTHER, "xn--mnchen-3ya.de"]
RULES = DomainRules(names=NAMES, default=None, header="x-domain", trusted_peers=["10.0.0.0/8"])
LOOKS = {
    "a": "\N{CYRILLIC SMALL LETTER A}",
    "k": "\N{KELVIN SIGN}",
    "i": "\N{LATIN SMALL LETTER DOTLESS I}",
    "o": "\N{GREEK SMALL LETTER OMICRON}",
    "s": "\N{LATIN SMALL LETTER LONG S}",
    ".": "\N{IDEOGRAPHIC FULL STOP}",
    "e": "\N{CYRILLIC SMALL LETTER IE}",
    "m": "\N{FULLWIDTH LATIN SMALL LETTER M}",
}
"""Letters that look alike, or that become the others when their case is folded."""


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """Of a known domain: other cases, dots, ports, letters that look alike, percent and punycode forms, joined with others."""
    name = draw(st.sampled_from([*NAMES, "münchen.de"]))
    letters = [
        draw(st.sampled_from([letter, letter.upper(), LOOKS.get(letter, letter), f"%{ord(letter):02x}"]))
        for letter in name
    ]
    text = "".join(letters)
    before = draw(
        st.sampled_from(["", "www.", ".", "..", "*.", "@", "evil@", "\t", "\x00", "[", "http://", f"{OTHER}@", "xn--"])
    )
    after = draw(
        st.sampled_from(["", ".", "..", ":80", ":", "/", "\x00", " ", f".{OTHER}", f":{OTHER}", "%00", "]", "\n", "?x"])
    )
    return before + text + after


def resolved(request: Asking, credential: Credential | None = None) -> str:
    try:
        return DomainResolver(RULES).resolve(request, credential)
    except PermissionDenied:
        return "refused"


def plain(text: str) -> str:
    """What a name says to a resolver of names: ASCII without case, port and last dot."""
    return text.strip().partition(":")[0].removesuffix(".").lower() if text.isascii() else ""


@given(spellings())
@example("tamyla.com.kiosk.example")
@example("\u212aiosk.example")
@example("tamyla\N{IDEOGRAPHIC FULL STOP}com")
def test_hosts(host):
    """A request belongs to the domain whose name its host ends with, letter by letter, or to none."""
    found = resolved(Asking(host=host))
    named = plain(host)
    assert found == next((name for name in NAMES if named == name or named.endswith("." + name)), "refused")


@given(spellings(), st.sampled_from(["host", "header", "forwarded"]))
def test_a_credential_reaches_its_own_domain_alone(spelling, how):
    """Whatever the request says, wherever it says it: its own, or a refusal."""
    headers = {"header": {"x-domain": spelling}, "forwarded": {"x-forwarded-host": spelling}}.get(how, {})
    request = Asking(headers, host=spelling if how == "host" else "x", address="10.1.1.1")
    assert resolved(request, Credential(OWN)) in (OWN, "refused")
    assert resolved(request, Credential(OWN, domains=(OTHER,))) in (OWN, OTHER, "refused")
    assert resolved(request, Credential("nobody.example")) == "refused"


@given(spellings())
def test_readers(spelling):
    """A scope holds its domains as they are written, and no other."""
    scope = Scope.of(OWN)
    assert (spelling in scope) is (spelling == OWN)
    assert not scope.holds([OWN, OTHER])
    assert spelling not in Scope.of()


@given(spellings())
def test_names_that_people_write(spelling):
    """A key's domain is the one that its name means; what only looks alike is another, or none."""
    try:
        name = domain_name(spelling)
    except ValueError:
        return
    if name in NAMES:
        folded = (
            unicodedata.normalize("NFKC", spelling.strip().removesuffix("."))
            .lower()
            .replace("\N{IDEOGRAPHIC FULL STOP}", ".")
        )
        assert folded.encode("idna").decode().lower() == name
