"""Who a sender proved to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credential:
    """A checked credential.

    Args:
        domain: the tenant it belongs to.
        multi_domain: it may also send for other known domains, named by the request.
    """

    domain: str
    multi_domain: bool = False
