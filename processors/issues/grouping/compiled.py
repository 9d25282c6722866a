"""Traces of Go and Rust."""

from __future__ import annotations

import re
from collections.abc import Sequence

from processors.issues.grouping.frames import Frame, Trace
from processors.issues.grouping.places import of_library, short

_GO = re.compile(r"^(?P<where>(?:[\w.~-]+/)*[\w-]+\.[^\s()]*(?:\(\*?[\w.\[\]]+\)[^\s()]*)*?)(?:\(.*\))?$")
_GO_FILE = re.compile(r"^\s+(?P<file>\S+\.(?:go|s)):\d+")
_GO_NUMBERS = re.compile(r"(?:\.func\d+|\.\d+|\.gowrap\d+|-fm)+$")
_GO_TYPES = re.compile(r"\[(?:\.\.\.|[^\]]*)\]")
_GO_RUNTIME = re.compile(r"^runtime error: ")
_OF_INDEX = re.compile(r"\[[^\]]*\]|\d+")


def go(lines: Sequence[str], type_: str, message: str) -> Trace:
    """The goroutine that panicked, the first one; or an error that carries a stack."""
    frames: list[Frame] = []
    waiting: str | None = None
    goroutines = 0
    for line in lines:
        goroutines += line.startswith("goroutine ")
        if goroutines > 1 or line.startswith("created by "):
            break
        if (file := _GO_FILE.match(line)) and waiting is not None:
            frames.append(_go_frame(waiting, file["file"]))
            waiting = None
        elif found := _GO.match(line):
            waiting = found["where"]
    kind = type_
    if _GO_RUNTIME.match(message):
        kind = f"{type_}: {_OF_INDEX.sub('', message).strip()}"
    elif type_ == "fatal error":
        kind = f"{type_}: {message}"
    return Trace("go", kind, message, frames)


def _go_frame(where: str, file: str) -> Frame:
    package, _, rest = where.rpartition("/")
    name = _GO_NUMBERS.sub("", _GO_TYPES.sub("", rest))
    own = ("." in package.partition("/")[0] or rest.startswith("main.")) and not of_library(file)
    return Frame(name, package, own or (not package and not of_library(file) and not rest.startswith("runtime.")))


_RUST = re.compile(r"^\s*\d+: +(?:0x[0-9a-f]+ - )?(?P<where>\S.*)$")
_RUST_FILE = re.compile(r"^\s+at (?P<file>\S+?):\d+(?::\d+)?$")
_RUST_PANIC = re.compile(r"panicked at (?:'(?P<quoted>.*)', )?(?P<file>[^\s:']+):\d+(?::\d+)?:?$")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_RUST_TYPES = re.compile(r"<[^<>]*>")
_RUST_LIBRARY = re.compile(
    r"^<?(?:std|core|alloc|tokio|futures\w*|hyper|tower|axum|actix\w*|rayon\w*|backtrace\w*|panic_unwind|test|rust_\w+|__\w+|_start|main"
    r"|clone\d*|start_thread|BaseThreadInitThunk|RtlUserThreadStart|<unknown>)(?:::|\b|$)|^<.* as (?:core|std|alloc)::"
)
_STANDARD = (
    (re.compile(r"^called `(\w+)::(\w+)\(\)` on an? `(\w+)` value.*", re.DOTALL), r"\1::\2 on \3"),
    (re.compile(r"^index out of bounds.*", re.DOTALL), "index out of bounds"),
    (re.compile(r"^attempt to (\w+) .*", re.DOTALL), r"attempt to \1"),
)
"""What the standard library says when it panics."""


def rust(lines: Sequence[str], type_: str, message: str) -> Trace:
    """A panic. Without a backtrace its file and what it says are what is known."""
    frames: list[Frame] = []
    waiting: str | None = None
    place = ""
    for line in lines:
        if panic := _RUST_PANIC.search(line):
            place = place or panic["file"]
        elif (file := _RUST_FILE.match(line)) and waiting is not None:
            frames.append(_rust_frame(waiting, file["file"]))
            waiting = None
        elif found := _RUST.match(line):
            frames += [_rust_frame(waiting, "")] if waiting is not None else []
            waiting = found["where"]
    standard = next((pattern.sub(said, message) for pattern, said in _STANDARD if pattern.match(message)), "")
    kind = f"{type_}: {standard}" if standard else type_
    own = [frame for frame in frames if frame.in_app]
    if own:
        return Trace("rust", kind, message, own)
    return Trace("rust", kind, message, [Frame("", short(place))] if place else (), says_more=not standard)


def _rust_frame(where: str, file: str) -> Frame:
    name = _RUST_HASH.sub("", where)
    own = not _RUST_LIBRARY.match(name) and not of_library(file)
    while (shorter := _RUST_TYPES.sub("", name)) != name:
        name = shorter
    return Frame(name.replace("::{{closure}}", ".closure"), short(file), own)
