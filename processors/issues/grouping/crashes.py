"""Crashes of native code and of the BEAM, which have no words that an exception of a language begins with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from processors.issues.grouping.frames import Frame, Trace
from processors.issues.grouping.places import of_library, short

_FRAME = re.compile(
    r"^\s*#(?P<n>\d+) +(?:0x[0-9a-f]+ +)?(?:in )?(?P<where>[^\s(][^(]*?(?:\([^()]*\))?(?:::\S+|\s?const)*)"
    r"(?: \([^)]*\))?(?: (?:at|from) (?P<at>\S+)| (?P<file>/\S+| ?\(\S+\)))?\s*$"
)
_BOOST = re.compile(r"^\s*\d+# (?P<where>.+?) (?:at (?P<at>\S+)|in (?P<file>\S+))$")
_WHAT = (
    re.compile(r"ERROR: (?P<type>\w+Sanitizer: [\w-]+)"),
    re.compile(r"(?:terminated with|received) signal (?P<type>SIG[A-Z]+)"),
    re.compile(r"^(?P<type>fatal): (?P<message>.*)$"),
)
_ARGUMENTS = re.compile(r"\([^()]*\)|<[^<>]*>|\[abi:\w+\]| const$")
_SYSTEM = re.compile(
    r"^(?:__|_start|std::|boost::|operator |memcpy|memmove|str\w+|malloc|free|raise|abort|clone|start_thread|tcmalloc)"
)
_NUMBERED = re.compile(r"[:+](?:0x)?[0-9a-f]+(?::\d+)?$")


def native(lines: Sequence[str]) -> Trace | None:
    """The first stack of a sanitizer, a debugger or Boost."""
    told = next((found for line in lines for pattern in _WHAT if (found := pattern.search(line))), None)
    frames: list[Frame] = []
    for line in lines:
        found = _FRAME.match(line) or _BOOST.match(line)
        if found:
            path = found["at"] or (found["file"] or "").strip(" ()")
            frames.append(_native(found["where"], path))
        elif frames and not line.strip():
            break
    if told is None or not frames:
        return None
    said = told.groupdict().get("message") or ""
    return Trace("native", told["type"], said, frames, says_more=bool(said))


def _native(where: str, path: str) -> Frame:
    name = where.strip()
    while (shorter := _ARGUMENTS.sub("", name).strip()) != name:
        name = shorter
    own = not _SYSTEM.match(name) and not of_library(path) and not path.startswith("/lib")
    return Frame(name, short(_NUMBERED.sub("", path)), own)


_APPLE = re.compile(
    r"^\s*\d+ +(?P<image>\S.*?) +(?P<at>0x[0-9a-f]+) (?P<where>.+?) \+ \d+(?: \((?P<file>[^():]+):\d+\))?$"
)
_APPLE_TYPE = re.compile(r"Exception Type: +(?P<type>\w+)|uncaught exception '(?P<name>\w+)', reason: '(?P<reason>.*)'")
_APPLE_SYSTEM = re.compile(
    r"^(?:lib\w+|CoreFoundation|Foundation|UIKit\w*|QuartzCore|GraphicsServices|CFNetwork|dyld|Security|SwiftUI|AppKit|HIToolbox"
    r"|CoreData|CoreGraphics|AVFoundation|Combine|com\.apple\.|\?\?\?)"
)
_SWIFT = re.compile(r"(?i)fatal error: (?P<message>.*?): file (?P<file>[^,]+), line \d+")


def apple(lines: Sequence[str]) -> Trace | None:
    """A crash report or what an exception of Objective-C leaves behind; a trap of Swift that says its file."""
    for line in lines:
        if trap := _SWIFT.search(line):
            said = trap["message"].replace("implicitly unwrapping", "unwrapping")
            return Trace("swift", "Fatal error", said, [Frame("", short(trap["file"]))], says_more=True)
    kind = next((found for line in lines if (found := _APPLE_TYPE.search(line))), None)
    frames = [
        Frame(found["where"], found["image"], not _APPLE_SYSTEM.match(found["image"]))
        for line in lines
        if (found := _APPLE.match(line))
    ]
    if kind is None or not frames:
        return None
    return Trace("swift", kind["type"] or kind["name"], kind["reason"] or "", frames)


_ELIXIR_TYPE = re.compile(r"^\s*\*\* \((?P<type>[A-Z][\w.]*)\) (?P<message>.*)$")
_ELIXIR = re.compile(
    r"^\s+(?:\((?P<app>\w+)(?: [\w.-]+)?\) )?(?P<file>[\w./-]+\.[ehx]?(?:ex|exs|erl|eex|heex)):\d+: (?P<where>.+)$"
)
_FUNCTION = re.compile(r"^(?P<anonymous>anonymous fn/\d+ in )?(?P<name>:?[\w.\"!?^@-]+?)(?:/\d+.*|\(.*)?$")
_ERLANG = re.compile(r"exit(?:ed)? (?:with (?:value|reason)|value):? *\n? *\{(?P<type>\w+),\[")
_ERLANG_FRAME = re.compile(r"\{'?(?P<module>[\w.]+)'?,'?(?P<function>[\w./-]+)'?,[^{}]*\[\{file,\"(?P<file>[^\"]+)\"\}")
_BEAM_WORDS = (
    "stdlib elixir kernel phoenix phoenix_live_view phoenix_html plug plug_cowboy cowboy ranch bandit thousand_island ecto ecto_sql db_connection"
    " postgrex myxql oban broadway gen_stage telemetry absinthe tesla finch mint jason logger mix ex_unit"
)
_BEAM = frozenset(_BEAM_WORDS.split())
_BEAM_MODULES = re.compile(r"(?:gen_server|proc_lib|gen_statem|gen_event|supervisor|lists|maps|erlang|erl_eval|shell)$")


def beam(lines: Sequence[str]) -> Trace | None:
    """What terminated a process of Elixir or Erlang."""
    kinds = [found for line in lines if (found := _ELIXIR_TYPE.match(line))]
    frames = [_elixir(found) for line in lines if (found := _ELIXIR.match(line))]
    if kinds and frames:
        return Trace("elixir", kinds[-1]["type"], kinds[-1]["message"], frames)
    text = "\n".join(lines)
    if kind := _ERLANG.search(text):
        places = _ERLANG_FRAME.finditer(text)
        frames = [Frame(one["function"], one["module"], not _BEAM_MODULES.match(one["module"])) for one in places]
        return Trace("erlang", kind["type"], "", frames) if frames else None
    return None


def _elixir(found: re.Match[str]) -> Frame:
    said = _FUNCTION.match(found["where"])
    name = said["name"] if said else found["where"]
    own = found["app"] not in _BEAM and not found["file"].endswith("gen_server.erl")
    return Frame(f"{name}.fn" if said and said["anonymous"] else name, short(found["file"]), own)


_ASSERTION = re.compile(
    r"(?P<file>[\w./-]+\.\w+):\d+: (?:(?P<function>[\w:~<>*& ]+?)(?:\([^)]*\))?: )?Assertion [`'](?P<what>.*)' failed"
)
_TERMINATE = re.compile(
    r"terminate called after throwing an instance of '(?P<type>[^']+)'(?:\s+what\(\): +(?P<message>.*))?"
)


def aborted(lines: Sequence[str]) -> Trace | None:
    """What C and C++ say before they abort."""
    text = "\n".join(lines[:5])
    if failed := _ASSERTION.search(text):
        return Trace(
            "native",
            "Assertion",
            failed["what"],
            [Frame(failed["function"] or "", short(failed["file"]))],
            says_more=True,
        )
    if thrown := _TERMINATE.search(text):
        return Trace("native", thrown["type"], thrown["message"] or "", ())
    return None


READERS: tuple[Callable[[Sequence[str]], Trace | None], ...] = (apple, beam, native, aborted)
