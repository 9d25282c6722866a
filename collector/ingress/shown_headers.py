"""Headers of a request that may be kept with its records."""

from __future__ import annotations

import re

_SECRET = re.compile(r"authorization|cookie|.*(?:api-?key|token|secret|signature|password|credential).*", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a header of that name carries a credential: it never becomes an attribute."""
    return _SECRET.fullmatch(name) is not None
