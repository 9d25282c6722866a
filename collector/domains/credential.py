"""Who a sender proved to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credential:
    """A checked credential.

    Args:
        domain: the tenant it belongs to; None: to none, so the request's own facts decide.
        multi_domain: it may also send for other known domains, named by the request.
    """

    domain: str | None = None
    multi_domain: bool = False
