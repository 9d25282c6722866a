"""The key scheme, version 1. Keys are at most 512 bytes.

{prefix}recent/{domain}/{slot}        the newest records: slot = (number // chunk) % slots, records numbered from 0
{prefix}counts/{domain}/{hour}        records by level and component; hour = 2026-11-23T07 (UTC, by time of receipt)
{prefix}{table}/{domain}              what events describe: the newest rows of `deployments`, `issues` (open ones), …

A domain stands as it is, other characters than letters, digits, `.`, `-`, `_` percent-encoded; over 256 bytes as `~` and a hash.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

_LONGEST = 256


def domain_part(domain: str) -> str:
    """A domain as it stands in keys; "-" for none."""
    text = quote(domain, safe="") or "-"
    return text if len(text) <= _LONGEST else "~" + hashlib.blake2b(domain.encode(), digest_size=16).hexdigest()


def recent_key(prefix: str, domain: str, slot: int) -> str:
    """Of one chunk."""
    return f"{prefix}recent/{domain_part(domain)}/{slot}"


def counts_key(prefix: str, domain: str, hour: str) -> str:
    """Of one hour."""
    return f"{prefix}counts/{domain_part(domain)}/{hour}"


def described_key(prefix: str, domain: str, table: str) -> str:
    """Of the newest rows of a table."""
    return f"{prefix}{table}/{domain_part(domain)}"


def hour_of(unix_ms: int) -> str:
    """`2026-11-23T07`."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%dT%H")
