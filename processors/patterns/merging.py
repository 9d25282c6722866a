"""When texts that are equal but for one place are one pattern.

| the values at that place | constant words beside it |
| --- | --- |
| a wildcard is among them | 1; 2 at the first word |
| 2 or more, and all look like names of things (`blk_a`, `a.b`, `NodeOne`) | 1; 2 at the first word |
| 2 or more, behind `:` or `=` in brackets | 2 |
| 3 or more, in brackets or quotes | 1 |
| 3 or more, behind a word such as `user`, and none goes on with the sentence | 2 |
| 5 or more words; 10 at the first word | 2 |
"""

from __future__ import annotations

from collections.abc import Collection

from processors.patterns.tokens import WILDCARD, Tokens, enclosed, is_named, is_value, is_word, looks_variable

WORDS, LEADING_WORDS, ENCLOSED, NAMES = 5, 10, 3, 3


def one_pattern(tokens: Tokens, place: int, values: Collection[str]) -> bool:
    """Whether these values vary at a place of otherwise equal tokens.

    Args:
        tokens: of any of the texts.
        place: where they differ.
        values: all distinct tokens at that place.
    """
    if not all(value == WILDCARD or is_word(value) for value in values):
        return False
    words = [at for at, token in enumerate(tokens) if at == place or is_word(token)]
    constants, leading = len(words) - 1, words[0] == place
    if constants < 1 or len(values) < 2:
        return False
    if WILDCARD in values and constants > leading:
        return True
    if all(map(looks_variable, values)) and constants > leading:
        return True
    if enclosed(tokens, place) and (len(values) >= ENCLOSED or (constants > 1 and is_value(tokens, place))):
        return True
    if len(values) >= NAMES and constants > 1 and is_named(tokens, place, values):
        return True
    return len(values) >= (LEADING_WORDS if leading else WORDS) and constants > 1
