"""Error records of many ecosystems, and which of them are the same fault: what grouping into issues is measured on.

A fault is what one change of code or configuration would mend. Each case in `grouping/` names a public source of its form (an issue with
such a trace, or the document of the format), and shows the fault several times as it comes in life: other lines, ids, minified names,
numbers of lambdas, frames of an event loop, a wrapper around the cause, a translated message. Beside it stand faults that look alike.
The set was written and committed before the code that groups.

    fault: python/price-key-missing     its label; what has another one is another fault
    source: https://…
    body, type, message, stack          body, exception.type, .message, .stacktrace; `<<name>>` stands for what `vary` says
    scope, attributes                   as they are
    vary: [{name: value}, …]            a record each
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "grouping"
_PLACE = re.compile(r"<<(\w+)>>")
_EXCEPTION = {"type": "exception.type", "message": "exception.message", "stack": "exception.stacktrace"}
_TEXTS = ("body", *_EXCEPTION)


@dataclass(frozen=True, slots=True)
class Case:
    """A record as `collector.samples` takes it, and the fault that it shows."""

    fault: str
    ecosystem: str
    source: str
    record: Mapping[str, Any]


def _filled(text: str, said: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda match: str(said[match[1]]), text).rstrip("\n")


def _cases(ecosystem: str, entry: Mapping[str, Any]) -> Iterator[Case]:
    for said in entry["vary"]:
        texts = {name: _filled(entry[name], said) for name in _TEXTS if name in entry}
        attributes = {
            **entry.get("attributes", {}),
            **{_EXCEPTION[name]: texts[name] for name in texts if name in _EXCEPTION},
        }
        record = {
            "body": texts.get("body", ""), "severity": "ERROR", "attributes": attributes, "scope": entry.get("scope", ""),
            "resource": {"service.name": f"{ecosystem}-shop"},
        }  # fmt: skip
        yield Case(entry["fault"], ecosystem, entry["source"], record)


@cache
def labelled() -> tuple[Case, ...]:
    """The whole set, in the order of the files."""
    return tuple(
        case
        for path in sorted(FOLDER.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text("utf-8"))
        for case in _cases(path.stem, entry)
    )


def test_the_set_is_as_large_and_as_wide_as_it_says() -> None:
    cases = labelled()
    assert len(cases) >= 300
    assert len({case.ecosystem for case in cases}) >= 12
    assert len({case.fault for case in cases}) >= 100


def test_each_fault_names_its_source_and_is_seen_more_than_once() -> None:
    seen: dict[str, list[Case]] = {}
    for case in labelled():
        seen.setdefault(case.fault, []).append(case)
    assert all(case.source.startswith("https://") for case in labelled())
    assert [fault for fault, cases in seen.items() if len(cases) < 2] == []
    assert len(seen) == sum(len(yaml.safe_load(path.read_text("utf-8"))) for path in FOLDER.glob("*.yaml"))
