"""What a YAML parser says of a mistake, in the words of someone who made it."""

from __future__ import annotations

import re

_INDENTED = "this line is indented unlike the lines that it belongs to"
_WORDS = (
    (r"expected <block end>, but found '<block (mapping|sequence) start>'", _INDENTED, "a key, or `- `, begins below its neighbours"),
    (r"expected <block end>, but found '-'", _INDENTED, "the items of a list all begin in one column"),
    (r"expected <block end>, but found '[,\]}]'", "a bracket or comma closes what was never opened", ""),
    (r"expected <block end>, but found", "there is more on this line than one value", "a text that begins with a quote ends with it"),
    (r"mapping values are not allowed", "a `:` makes a key here, where none can be", "check the indentation; a text with `: ` in it needs quotes"),
    (r"could not find expected ':'", "this is no `key: value`", "a `:` with a space behind it is missing, here or above"),
    (r"expected ',' or '[\]}]', but got ':'", "a `:` makes a key here, where none can be", "a text with a `:` in it needs quotes"),
    (r"expected ',' or ']'", "a list that began with [ is not closed", "a `,` or a `]` is missing before this"),
    (r"expected ',' or '}'", "a block that began with { is not closed", "a `,` or a `}` is missing before this"),
    (r"expected the node content, but found", "a value is missing here", ""),
    (r"found unexpected end of stream|found unexpected document", "the text ends inside quotes", "a closing quote is missing"),
    (r"found undefined alias", "*name is written, but no &name before it", "a text that begins with * needs quotes"),
    (r"expected alphabetic or numeric character", "a text that begins with * or & needs quotes", ""),
    (r"found unknown escape character", "\\ in double quotes begins an escape that does not exist", "write single quotes, or \\\\"),
    (r"found character '\\t'", "a tab stands where spaces must", "indent with spaces: YAML does not allow tabs"),
    (r"found character .* that cannot start any token", "a value can't begin with this character", "put it in quotes"),
    (r"sequence entries are not allowed here", "a list item can't stand here", "begin the list on a line of its own"),
    (r"found duplicate anchor", "&name is written twice", "rename one"),
)  # fmt: skip
"""What PyYAML says → what is wrong, and what to do."""


def in_plain_words(said: str) -> tuple[str, str]:
    """A sentence and a hint for PyYAML's `said`; its own words where there are no better ones."""
    for pattern, sentence, hint in _WORDS:
        if re.search(pattern, said):
            return sentence, hint
    return f"is not YAML: {said}", ""
