"""Traces of Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from processors.issues.grouping.frames import Frame, Trace
from processors.issues.grouping.places import of_library, short

_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line \d+(?:, in (?P<function>.+))?$')
_HEAD = re.compile(r"^(?P<type>(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:: ?(?P<message>.*))?$")
_GROUP = re.compile(r"^\s*[|+](?:[|+ ]|-+(?: \d+ -+)?)*")
_DIRECT = "was the direct cause of the following exception"


@dataclass
class _Part:
    """A traceback: `frames` outermost first; `caused` says that it is the direct cause of the next one."""

    type: str = ""
    message: str = ""
    frames: list[Frame] = field(default_factory=list)
    caused: bool = False


def read(lines: Sequence[str], type_: str, message: str) -> Trace:
    """What directly caused the last exception, or that one itself: what happened *during the handling* of another stands for itself."""
    group = any("Exception Group Traceback" in line for line in lines)
    parts = _parts([_GROUP.sub("", line).rjust(0) if group else line for line in lines], group)
    if not parts:
        return Trace("python", type_, message, ())
    at = next((i for i, part in enumerate(parts) if part.type), 0) if group else len(parts) - 1
    if group and len(parts) > at + 1:
        at += 1
        return _of(parts[at], parts[:at])
    while at and parts[at - 1].caused:
        at -= 1
    return _of(parts[at], parts[at + 1 :])


def _of(root: _Part, around: Sequence[_Part]) -> Trace:
    """The frames of the root, and what called the function in which it was caught."""
    frames = list(root.frames)
    for outer in around:
        frames = _joined(outer.frames, frames)
    return Trace("python", root.type, root.message, frames[::-1], [part.type for part in around])


def _joined(outer: list[Frame], inner: list[Frame]) -> list[Frame]:
    if inner and inner[0] in outer:
        return outer[: outer.index(inner[0])] + inner
    return outer + inner


def _parts(lines: Sequence[str], group: bool) -> list[_Part]:
    parts: list[_Part] = []
    open_ = False
    for line in lines:
        text = line.strip()
        if text.endswith("Traceback (most recent call last):"):
            parts.append(_Part())
            open_ = True
        elif not parts:
            continue
        elif _DIRECT in line:
            parts[-1].caused = True
        elif open_ and (found := _FRAME.match(line if line[:1].isspace() or not group else f"  {line}")):
            parts[-1].frames.append(Frame(found["function"] or "", short(found["file"]), not of_library(found["file"])))
        elif open_ and text and (group or not line[0].isspace()) and (head := _HEAD.match(text)):
            if group and not ("Error" in head["type"] or "." in head["type"] or "Exception" in head["type"]):
                continue  # a line of source, which a group's margin can't be told from
            parts[-1].type, parts[-1].message = head["type"], head["message"] or ""
            open_ = False
    return [part for part in parts if part.frames or part.type]
