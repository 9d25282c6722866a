"""Traces of JavaScript, Ruby and PHP."""

from __future__ import annotations

import re
from collections.abc import Sequence

from processors.issues.grouping.frames import Frame, Trace
from processors.issues.grouping.places import of_library, short

_V8 = re.compile(
    r"^\s*at (?:(?P<function>[^()]*?) ?\()?(?P<file>[^()]*?):(?P<line>\d+)(?::(?P<column>\d+))?\)?\s*[{,]?\s*$"
)
_GECKO = re.compile(r"^\s*(?P<function>[^@\s]*)@(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?$")
_CAUSE = re.compile(r"^\s*\[?(?:cause|Caused by)\]?: (?P<type>[A-Z]\w*)(?: \[\w+\])?(?:: (?P<message>.*))?$")
_RECEIVER = re.compile(r"^(?:async )?(?:(?:Function|Object|Module|exports|global|Window|window|HTML\w+Element)\.)?")
_ALIAS = re.compile(r" \[as [^\]]+\]$")
_NO_NAME = re.compile(r"^(?:<anonymous>|\(anonymous\)|anonymous|eval)?$")
_BUNDLE = re.compile(r"(?:[.-][0-9a-f]{6,20}|\.min|\.chunk|\.bundle)\.m?js")
_FAR = 500
"""Columns beyond which a line was not written by a person."""
_NOT_READING = re.compile(r"Cannot (?P<what>read|set) property '(?P<name>[^']*)' of (?P<of>undefined|null)")


def javascript(lines: Sequence[str], type_: str, message: str) -> Trace:
    """The cause where there is one, with the frames of what it caused behind its own."""
    kinds, messages, stacks = [type_], [message], [list[Frame]()]
    for line in lines:
        if cause := _CAUSE.match(line):
            kinds.append(cause["type"])
            messages.append(cause["message"] or "")
            stacks.append([])
        elif found := _V8.match(line) or _GECKO.match(line):
            frame = _frame(found["function"] or "", found["file"], int(found["line"]), int(found["column"] or 0))
            stacks[-1].append(frame)
    frames = [frame for stack in reversed(stacks) for frame in stack]
    return Trace("javascript", kinds[-1], _said(messages[-1]), list(dict.fromkeys(frames)), kinds[-2::-1])


def _said(message: str) -> str:
    """V8 says the same in other words since 2021."""
    return _NOT_READING.sub(r"Cannot \g<what> properties of \g<of> (\g<what>ing '\g<name>')", message, count=1)


def _frame(function: str, file: str, line: int, column: int) -> Frame:
    mangled = bool(_BUNDLE.search(file)) or (line <= 3 and column > _FAR)
    name = _ALIAS.sub("", _RECEIVER.sub("", function.strip()))
    own = not of_library(file) and ("/" in file or "\\" in file)
    return Frame("" if _NO_NAME.match(name) else name, short(file), own, mangled)


_RUBY = re.compile(
    r"^\s*(?:from )?(?:(?P<gem>[\w-]+) \([\w.]+\) )?(?P<file>[^\s:]+):\d+:in [`'](?P<function>[^`']*)['`]"
)
_BLOCK = re.compile(r"^(?:(?:block|rescue|ensure)(?: \(\d+ levels\))? in )+")
_OWNER = re.compile(r"^[A-Z][\w:]*[#.](?=\w)")
_TEMPLATE = re.compile(r"__+\d+_\d+$")


def ruby(lines: Sequence[str], type_: str, message: str) -> Trace:
    """One exception with its frames."""
    frames = []
    for line in lines:
        if found := _RUBY.match(line):
            function = _TEMPLATE.sub("", _OWNER.sub("", _BLOCK.sub("", found["function"])))
            frames.append(Frame(function, short(found["file"]), not (found["gem"] or of_library(found["file"]))))
    return Trace("ruby", type_, message, list(dict.fromkeys(frames)))


_PHP = re.compile(
    r"^#\d+ (?:(?P<file>[^\s(][^(]*?)\(\d+\)|\[internal function\]): (?P<function>[^(]+)|^#\d+ (?P<main>\{main\})"
)
_THROWN = re.compile(r"(?: in (?P<in>/?\S+?\.php)(?::\d+| on line \d+))|(?: at (?P<at>\S+?\.php)[:(]\d+\)?)")
_ANONYMOUS = re.compile(r"class@anonymous[^>]*?(?=->|::)")


def php(lines: Sequence[str], type_: str, message: str) -> Trace:
    """The first exception of a chain, which PHP writes from the inside out. A frame names what was called, and where from: a function
    stands in the file that the frame above was called from."""
    frames: list[Frame] = []
    file = ""
    for number, line in enumerate(lines):
        if frames and line.startswith("Next "):
            break
        if not frames and not file and (thrown := _THROWN.search(line)):
            file = thrown["in"] or thrown["at"]
        if found := _PHP.match(line):
            if number and found.start() == 0:
                function = _ANONYMOUS.sub("class@anonymous", (found["function"] or found["main"]).replace("\\\\", "\\"))
                own = bool(file) and not of_library(file)
                frames.append(Frame(re.sub(r"\{closure[^}]*\}", "{closure}", function), short(file), own))
            file = found["file"] or ""
    return Trace("php", type_, message, frames)
