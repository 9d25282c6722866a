"""Patterns of paths as the Collector has them: `*`, `?`, `[a-z]`, `{a,b}` within a name, `**` over any number of folders."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache

OnError = Callable[[str, OSError], None]
_MAGIC = re.compile(r"[*?\[{]")


def expanded(pattern: str) -> list[str]:
    """The pattern without braces: one for each alternative."""
    depth, start = 0, -1
    for at, letter in enumerate(pattern):
        if letter == "{":
            depth, start = depth + 1, at if depth == 0 else start
        elif letter == "}" and depth:
            depth -= 1
            if depth == 0:
                head, tail = pattern[:start], pattern[at + 1 :]
                return [
                    found for part in _alternatives(pattern[start + 1 : at]) for found in expanded(head + part + tail)
                ]
    return [pattern]


def _alternatives(inner: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(inner):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    return [*parts, inner[start:]]


@cache
def expression_of(pattern: str) -> re.Pattern[str]:
    """What a whole path must be like, for one alternative."""
    parts = ["(?:.*/)?" if part == "**" else _name(part) + "/" for part in pattern.split("/")]
    return re.compile("".join(parts).removesuffix("/") + ("[^/]*" if pattern.endswith("**") else ""), re.DOTALL)


def _name(part: str) -> str:
    written = ""
    at = 0
    while at < len(part):
        letter = part[at]
        if letter == "*":
            written += "[^/]*"
        elif letter == "?":
            written += "[^/]"
        elif letter == "\\" and at + 1 < len(part):
            at += 1
            written += re.escape(part[at])
        elif letter == "[" and (end := part.find("]", at + 2)) > 0:
            inner = part[at + 1 : end].replace("\\", "\\\\")
            written += f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
            at = end
        else:
            written += re.escape(letter)
        at += 1
    return written


class Globs:
    """Files by what they may be called, and may not. Folders below `**` are entered once, and not by symbolic links: so no circle has
    an end to be waited for; a link to a file is one."""

    def __init__(self, include: list[str], exclude: list[str]) -> None:
        self._include = [each for pattern in include for each in expanded(pattern)]
        self._exclude = [expression_of(each) for pattern in exclude for each in expanded(pattern)]

    def paths(self, on_error: OnError = lambda *_: None) -> Iterator[str]:
        """Each path once, in order of the patterns."""
        seen: set[str] = set()
        for pattern in self._include:
            for path in _matching(pattern, on_error):
                if path not in seen:
                    seen.add(path)
                    if not any(expression.fullmatch(path) for expression in self._exclude):
                        yield path


def _matching(pattern: str, on_error: OnError) -> Iterator[str]:
    parts = pattern.split("/")
    fixed = next((at for at, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if fixed == len(parts):
        yield from [pattern] if os.path.lexists(pattern) else []
        return
    yield from _below("/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ""), parts[fixed:], on_error)


def _below(folder: str, parts: list[str], on_error: OnError) -> Iterator[str]:
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _below(folder, rest or ["*"], on_error)
        for entry in _entries(folder, on_error):
            if _is_folder(entry, follow=False):
                yield from _below(_joined(folder, entry.name), parts, on_error)
        return
    if not _MAGIC.search(first) and rest:
        yield from _below(_joined(folder, first), rest, on_error)
        return
    fits = expression_of(first).fullmatch
    for entry in _entries(folder, on_error):
        if fits(entry.name):
            if not rest:
                yield _joined(folder, entry.name)
            elif _is_folder(entry, follow=True):
                yield from _below(_joined(folder, entry.name), rest, on_error)


def _joined(folder: str, name: str) -> str:
    return f"{folder}{name}" if folder in ("", "/") else f"{folder}/{name}"


def _entries(folder: str, on_error: OnError) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder or ".") as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        on_error(folder, error)
        return []


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False
