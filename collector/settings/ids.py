"""Component and pipeline ids: `type` or `type/name`. Source: component/identifiable.go."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_TYPE = re.compile(r"[a-zA-Z][0-9a-zA-Z_]{0,62}")
_MAX_NAME = 1024


class Id(NamedTuple):
    """A parsed id; `str(id)` is its canonical form."""

    type: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.type}/{self.name}" if self.name else self.type


def parse_id(text: str) -> Id:
    """`otlp / main` → `Id("otlp", "main")`.

    Raises:
        ValueError: a sentence that says what an id looks like.
    """
    kind, slash, name = (part.strip() for part in text.partition("/"))
    if not kind:
        raise ValueError(f'in "{text}" id: the part before / should not be empty')
    if not _TYPE.fullmatch(kind):
        raise ValueError(f'in "{text}" id: invalid character(s) in type "{kind}"')
    if slash and not name:
        raise ValueError(f'in "{text}" id: the part after / should not be empty')
    if len(name) > _MAX_NAME:
        raise ValueError(f'in "{text[:32]}…" id: the name is longer than {_MAX_NAME} characters')
    if any(unicodedata.category(character)[0] in "ZCS" for character in name):
        raise ValueError(f'in "{text}" id: invalid character(s) in name "{name}"')
    return Id(kind, name)
