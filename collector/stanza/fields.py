"""Places in an entry: `body`, `body.user.name`, `attributes["dotted.key"]`, `resource.service`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from collector.stanza.problems import OperatorError

_ROOTS = ("body", "attributes", "resource")
_PART = re.compile(r"""\.?([^.\[\]"']+)|\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]""")


@dataclass(frozen=True, slots=True)
class Field:
    """`root` is body, attributes or resource; `keys` lead into it."""

    root: str
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.root + "".join(f".{key}" if key.isidentifier() else f'["{key}"]' for key in self.keys)


BODY, ATTRIBUTES = Field("body"), Field("attributes")


def field_of(written: object) -> Field:
    """Raises `OperatorError`."""
    if not isinstance(written, str) or not written:
        raise OperatorError(f"{written!r} is no field")
    text = written.removeprefix("$")
    root = next((each for each in _ROOTS if re.match(rf"{each}(?=[.\[]|$)", text)), "")
    if not root:
        raise OperatorError(f"field '{written}': it begins with body, attributes or resource")
    keys, at = [], len(root)
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or (found[1] is not None and text[at] != "."):
            raise OperatorError(f"field '{written}' can't be read from {text[at:]!r} on")
        bare, double, single = found.groups()
        keys.append(bare if bare is not None else re.sub(r"\\(.)", r"\1", double if double is not None else single))
        at = found.end()
    return Field(root, tuple(keys))
