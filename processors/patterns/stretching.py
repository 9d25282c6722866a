"""Whether a template matches a text when each of its wildcards may stand for one to four tokens."""

from __future__ import annotations

from processors.patterns.tokens import WILDCARD, Tokens

WIDEST = 4


def stretches(template: Tokens, text: Tokens) -> bool:
    """Linear in the template: the set of places that may have been reached is a number, a bit a place."""
    end = len(text)
    where: dict[str, int] = {}
    for place, token in enumerate(text):
        where[token] = where.get(token, 0) | (1 << place)
    reached = 1
    for token in template:
        if token == WILDCARD:
            reached = (reached << 1) | (reached << 2) | (reached << 3) | (reached << 4)
        else:
            reached = (reached & where.get(token, 0)) << 1
        if not reached:
            return False
    return bool(reached >> end & 1)
