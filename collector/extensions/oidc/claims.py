"""What a verified token says of its holder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from collector.domains.credential import READ, ROLES, WRITE, Credential
from collector.domains.names import domain_name
from collector.errors import PermissionDenied
from collector.extensions.oidc.config import Provider

_LONGEST = 256


def credential_of(claims: Mapping[str, Any], provider: Provider) -> Credential:
    """Who sends, for which domains, and whether it may. Raises PermissionDenied: the token names no domain."""
    domains = _domains(claims, provider)
    if provider.domain_claim and not domains:
        raise PermissionDenied("the credential names no domain", cause="domain")
    subject = _text(claims.get("sub"))
    attributes = {"subject": subject, "issuer": _text(claims.get("iss"))}
    if provider.groups_claim:
        attributes["membership"] = ",".join(_texts(claims.get(provider.groups_claim)))
    return Credential(
        domains[0] if domains else None,
        id=_text(claims.get(provider.username_claim)) if provider.username_claim else subject,
        scopes=_scopes(claims, provider),
        domains=tuple(domains[1:]),
        attributes=attributes,
    )


def _domains(claims: Mapping[str, Any], provider: Provider) -> Sequence[str]:
    found = _texts(claims.get(provider.domain_claim)) if provider.domain_claim else []
    if provider.domain_map:
        return [provider.domain_map[value] for value in found if value in provider.domain_map]
    domains = []
    for value in found:
        try:
            domains.append(domain_name(value))
        except ValueError:
            continue
    return domains


def _scopes(claims: Mapping[str, Any], provider: Provider) -> frozenset[str]:
    """To send by `scope`; to read by a scope or by a role, the one that may most."""
    found = {WRITE} if _may(claims, provider.scope) else set()
    found |= {READ} if _may(claims, READ) else set()
    names = _texts(_at(claims, provider.role_claim)) if provider.role_claim else []
    roles = [provider.role_map.get(name, "") if provider.role_map else name for name in names]
    return frozenset(found).union(*(ROLES[role] for role in roles if role in ROLES))


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim of that name; else one inside others."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _may(claims: Mapping[str, Any], scope: str) -> bool:
    held = [word for name in ("scope", "scp") for text in _texts(claims.get(name)) for word in text.split()]
    return not scope or scope in held


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""
