"""Stack traces written into a body: which language, and the exception's type, message and frames.

The bodies that may hold one are found for a whole column by their marks (`MARKS`); only those are read here, once for
each distinct body, line by line, with bounded lengths; the expressions start only at the beginning of a word, so that
hostile text costs no more than ordinary text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

MARKS = (
    "Traceback (most recent call last)",
    "\tat ",
    "    at ",
    "   at ",
    "\nCaused by: ",
    "goroutine ",
    "panicked at ",
    "Stack trace:",
    "#0 ",
    ":in `",
    ":in '",
    "@http",
    "@file:",
    "@webpack",
    '"stack',
    '"exc_info"',
    '"exception"',
    "[object] (",
)
FIRST_LINES = (
    "Traceback",
    "panic",
    "nhandled",
    "Uncaught",
    "fatal error: ",
    "Exception on ",
    "Exception in ",
    "terminate called",
    "Invoke Error",
    "Exception: ",
    "Error: ",
)
"""Words of the first lines of traces whose other lines may have gone apart (see `error_type`)."""
MAX_BODY = 64 * 1024
MAX_LINE = 1000

_TYPED = re.compile(r"^(?P<type>(?:[A-Za-z_$][\w$]*[.:\\/]{1,2})*[A-Za-z_$][\w$]*)(?:: ?(?P<message>.*))?$")
_JAVA_FRAME = re.compile(r"^\s+at (?:[\w.@/-]+/)?(?P<where>[\w.$<>]+)\((?P<file>[^()]*)\)")
_JAVA_HEAD = re.compile(
    r'(?:Exception in thread "[^"]*" )?(?<![\w.])(?P<type>(?:[a-z_][\w]*\.)+[A-Z][\w$]*)(?:: (?P<message>.*))?$'
)
_DOTNET_FRAME = re.compile(r"^\s+at (?P<where>[\w.`<>+\[\],|]+)\((?P<arguments>.*)\)(?: in (?P<file>.+):line \d+)?\s*$")
_DOTNET_HEAD = re.compile(
    r"(?<![\w.])(?P<type>(?:[A-Z]\w*\.)*[A-Z]\w*(?:Exception|Error|Fault))(?: \(0x[0-9A-Fa-f]+\))?: (?P<message>.*)$"
)
_V8_FRAME = re.compile(r"^\s+at (?:(?P<where>[^()]*?) \()?(?P<file>[^()]*?):\d+(?::\d+)?\)?\s*$")
_GECKO_FRAME = re.compile(r"^(?P<where>[^@\s]*)@(?P<file>(?:https?|file|webpack|resource)[^\s]*?):\d+(?::\d+)?$")
_JS_HEAD = re.compile(
    r"(?:Uncaught (?:\(in promise\) )?)?(?<![\w.])(?P<type>[A-Z]\w*(?:Error|Exception|Rejection|Warning)|Error)(?: \[\w+\])?(?:: (?P<message>.*))?$"
)
_PYTHON_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line \d+(?:, in (?P<where>.+))?$')
_GROUP = re.compile(r"^ +[|+] ")
_GO_PANIC = re.compile(r"(?:^|\s)(?P<kind>panic|fatal error)(?: serving \S+:\d+)?: (?P<message>.*)$")
_GO_FRAME = re.compile(r"^(?P<where>[\w./\[\]-]+(?:\(\*?[\w.\[\]]+\)[\w./-]*)*)\(.*\)$")
_GO_FILE = re.compile(r"^\s+(?P<file>\S+\.go):\d+")
_RUST_PANIC = re.compile(
    r"thread '(?P<thread>[^']*)'(?: \(\d+\))? panicked at (?:'(?P<quoted>.*)', )?(?P<file>[^\s:']+):\d+"
)
_RUST_FRAME = re.compile(r"^\s+\d+: (?:0x[0-9a-f]+ - )?(?P<where>[\w:<>$. ]+)$")
_RUBY_HEAD = re.compile(
    r"^(?P<file>[^\s:]+):\d+:in [`'](?P<where>[^`']*)['`]: (?P<message>.*) \((?P<type>[A-Z][\w:]*)\)$"
)
_RUBY_PLAIN = re.compile(r"(?<![\w:])(?P<type>(?:[A-Z]\w*::)*[A-Z]\w*) \((?P<message>.*)\):?$")
_RUBY_FRAME = re.compile(r"^\s*(?:from )?(?P<file>[^\s:]+\.rb|[^\s:]+):\d+:in [`'](?P<where>[^`']*)['`]")
_PHP_HEAD = re.compile(
    r"(?:PHP )?(?:Fatal error:\s+)?(?:Uncaught )?(?<![\w\\])(?P<type>\\?(?:[A-Z]\w*\\)*(?:[A-Z]\w*)?(?:Exception|Error))(?:: (?P<message>.*?))?(?: in (?P<file>\S+\.php)(?::\d+| on line \d+)?)?$"
)
_LARAVEL = re.compile(r"\[object\] \((?P<type>[\w\\]+)\(code: \d+\): (?P<message>.*) at (?P<file>\S+?\.php)[:(]\d+\)*")
_PHP_FRAME = re.compile(r"^#\d+ (?:(?P<file>[^(]+?)\(\d+\): (?P<where>[^(]+)|\{main\}|\[internal function\])")
_LIBRARY = re.compile(
    r"^(java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|org\.springframework|org\.apache|io\.netty|reactor|"
    r"System|Microsoft|runtime|net/http|std|core|alloc)[./:]|/(site-packages|node_modules|dist-packages|gems|vendor)/|"
    r"/lib/python|^node:|internal/|/rustc/|^<frozen"
)


@dataclass(frozen=True, slots=True)
class StackTrace:
    """An exception found in text. `frames`: functions or files, innermost first."""

    language: str
    type: str
    message: str
    text: str
    frames: tuple[str, ...] = ()


def find(body: str) -> StackTrace | None:
    """The stack trace in a body, or in a field of a JSON body; None when there is none."""
    if body.startswith("{"):
        found = [trace for trace in map(_read, _fields(body)) if trace is not None]
        if found:
            return found[0]
    return _read(body)


def _fields(body: str) -> list[str]:
    """The strings of a JSON object, two levels deep, that have lines."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    values = [*document.values()]
    values += [inner for value in values if isinstance(value, dict) for inner in value.values()]
    return [value for value in values if isinstance(value, str) and "\n" in value]


def _read(body: str) -> StackTrace | None:
    lines = [line[:MAX_LINE] for line in body[:MAX_BODY].splitlines()]
    for reader in _READERS:
        found = reader(lines)
        if found is not None:
            return found
    return None


def application_frame(trace: str) -> str | None:
    """The innermost frame that is not of a library, as function or file."""
    found = find(trace)
    frames = found.frames if found is not None else ()
    return next((frame for frame in frames if not _LIBRARY.search(frame)), None)


def _python(lines: list[str]) -> StackTrace | None:
    starts = [i for i, line in enumerate(lines) if line.strip().endswith("Traceback (most recent call last):")]
    if not starts:
        return None
    start = starts[-1]
    if any("Exception Group Traceback" in line for line in lines):  # the group stands first, indented and marked
        start, lines = starts[0], [_GROUP.sub("", line) for line in lines]
    files: list[str] = []
    for position in range(start + 1, len(lines)):
        line = lines[position]
        frame = _PYTHON_FRAME.match(line)
        if frame:
            files.append(frame["file"])
        elif line and not line[0].isspace() and not line.startswith(("+", "|")):
            head = _TYPED.match(line.strip())
            if head:
                return _trace("python", head["type"], head["message"], lines[starts[0] :], files[::-1])
    return _trace("python", "", "", lines[starts[0] :], files[::-1]) if files else None


def _framed(language: str, frame: re.Pattern[str], head: re.Pattern[str]) -> Callable[[list[str]], StackTrace | None]:
    """A reader for traces in which the exception stands before its frames."""

    def read(lines: list[str]) -> StackTrace | None:
        first = next((i for i, line in enumerate(lines) if frame.match(line)), None)
        if not first:
            return None
        for start in range(first - 1, max(-1, first - 8), -1):
            found = head.search(lines[start])
            if found:
                message = "\n".join([found["message"] or "", *lines[start + 1 : first]]).strip()
                return _trace(language, found["type"], message, lines[start:], _places(lines, frame))
        return None

    return read


def _places(lines: list[str], frame: re.Pattern[str]) -> list[str]:
    found = [match.groupdict() for match in map(frame.match, lines) if match]
    own = [groups for groups in found if not _LIBRARY.search(groups.get("file") or "")]
    return [(groups.get("where") or groups.get("file") or "").strip() for groups in own]


def _go(lines: list[str]) -> StackTrace | None:
    for position, line in enumerate(lines):
        panic = _GO_PANIC.search(line)
        if panic and any(after.startswith("goroutine ") for after in lines[position:]):
            files = [match["where"] for match in map(_GO_FRAME.match, lines[position + 1 :]) if match]
            kind = "panic" if panic["kind"] == "panic" else "fatal error"
            return _trace("go", kind, panic["message"], lines[position:], files)
    return None


def _rust(lines: list[str]) -> StackTrace | None:
    for position, line in enumerate(lines):
        panic = _RUST_PANIC.search(line)
        if panic:
            message = panic["quoted"] or next(iter(lines[position + 1 :]), "")
            return _trace("rust", "panic", message, lines[position:], [panic["file"]])
    return None


def _ruby(lines: list[str]) -> StackTrace | None:
    for position, line in enumerate(lines):
        head = _RUBY_HEAD.match(line)
        if head:
            return _trace("ruby", head["type"], head["message"], lines[position:], _places(lines, _RUBY_FRAME))
    first = next((i for i, line in enumerate(lines) if _RUBY_FRAME.match(line)), None)
    for start in range((first or 0) - 1, -1, -1):
        head = _RUBY_PLAIN.search(lines[start])
        if head:
            return _trace("ruby", head["type"], head["message"], lines[start:], _places(lines, _RUBY_FRAME))
    return None


def _laravel(lines: list[str]) -> StackTrace | None:
    for start, line in enumerate(lines):
        head = _LARAVEL.search(line)
        if head:
            return _trace("php", head["type"].replace("\\\\", "\\"), head["message"], lines[start:], [head["file"]])
    return None


def _php(lines: list[str]) -> StackTrace | None:
    if not any(_PHP_FRAME.match(line) for line in lines):
        return None
    for start, line in enumerate(lines):
        head = _PHP_HEAD.search(line)
        if head:
            frames = [head["file"]] if head["file"] else []
            return _trace("php", head["type"].lstrip("\\"), head["message"], lines[start:], frames)
    return None


def _trace(language: str, kind: str, message: str | None, lines: list[str], frames: list[str]) -> StackTrace:
    text = "\n".join(lines).rstrip()
    return StackTrace(language, kind, (message or "").strip(), text, tuple(frame for frame in frames if frame)[:50])


_READERS: tuple[Callable[[list[str]], StackTrace | None], ...] = (
    _python,
    _go,
    _rust,
    _framed("java", _JAVA_FRAME, _JAVA_HEAD),
    _framed("dotnet", _DOTNET_FRAME, _DOTNET_HEAD),
    _framed("javascript", _V8_FRAME, _JS_HEAD),
    _framed("javascript", _GECKO_FRAME, _JS_HEAD),
    _laravel,
    _php,
    _ruby,
)
