"""Configurations of other collectors' repositories: would they run, and if not, does the error name everything?

The summary, a line a configuration, is
printed (`-rP`, `-s`), and written to the file named by LOGBOOM_CONFORMANCE_REPORT.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from collector.component import Kind
from collector.errors import ConfigError, Problem
from collector.registry import Registry
from collector.settings import load, render
from counterparts import conformance

FOLDER = conformance.FOLDER / "configs"
REASONS: dict[str, tuple[str, str]] = {
    "a component that logboom does not have": ("config/unknown-component", ""),
    "a signal that logboom does not carry": ("config/unsupported-signal", ""),
    "a connector with one end (invalid upstream too, or its other end is a fragment)": (
        "config/unused-connector",
        "not used in any supported",
    ),
    "an id that its file does not declare (a fragment)": ("config/unknown-reference", "which is not configured"),
    "no pipeline or section in this file (a fragment)": (
        "config/(no-pipeline|missing-section|incomplete-pipeline)",
        "",
    ),
    "a placeholder of a template where an address belongs": ("config/invalid-value", r"endpoint: must be host:port"),
    "a client authenticator: the credential goes into headers": (
        "config/invalid-value",
        "client authenticators are not available",
    ),
    "an address without http://, on which upstream fails at run time": (
        "config/invalid-value",
        "is not a URL: write http",
    ),
    "what came with a request is not carried along with its records": (
        "config/invalid-value",
        "what came with a request is not carried along",
    ),
    "cipher suites that are broken": ("config/unknown-(key|option)", '"include_insecure_cipher_suites"'),
    "a credential from a variable that is not set": ("config/unset-variable", "is not set: "),
    "append with compression, refused upstream too": ("config/invalid-value", "append and rotation or compression"),
    "an extension that service.extensions does not start": ("config/unknown-reference", "not in service::extensions"),
}
"""Why a configuration may be refused: code and message. Everything else is a defect of ours."""

BY_CHOICE = {"a signal that logboom does not carry"}


class Environment(dict[str, str]):
    """What the charts get from Kubernetes; every other variable is unset."""

    def __init__(self) -> None:
        super().__init__(MY_POD_IP="127.0.0.1", K8S_NODE_NAME="node", HOST_IP="127.0.0.1")


@dataclass(frozen=True)
class Verdict:
    """What `load` said of one configuration."""

    file: str
    problems: tuple[Problem, ...]

    @property
    def missing(self) -> set[tuple[str, str]]:
        """(section, type) of every component that the error names as unknown."""
        found = (re.match(r"'(\w+)' unknown type: \"(\w+)\"", problem.message) for problem in self.problems)
        return {(match[1], match[2]) for match in found if match}

    def unexplained(self) -> list[str]:
        """Problems that no entry of `REASONS` covers."""
        return [f"{problem.line}: {problem.message}" for problem in self.problems if not reason(problem)]

    @property
    def by_choice(self) -> bool:
        """Refused, but not for anything that logboom lacks: a listener to allow, pipelines of other signals to remove."""
        return bool(self.problems) and {reason(problem) for problem in self.problems} <= BY_CHOICE

    def __str__(self) -> str:
        if not self.problems:
            return f"runs     {self.file}"
        types = ", ".join(f"{section}.{name}" for section, name in sorted(self.missing))
        others = sorted({reason(problem) or problem.message for problem in self.problems} - {next(iter(REASONS))})
        return f"refused  {self.file}: {'; '.join(filter(None, [f'unknown {types}' if types else '', *others]))}"


def reason(problem: Problem) -> str:
    """The entry of `REASONS` that covers a problem, or nothing."""
    covers = (
        name
        for name, (code, text) in REASONS.items()
        if re.fullmatch(code, problem.code) and re.search(text, problem.message)
    )
    return next(covers, "")


@cache
def index() -> Mapping[str, Mapping[str, Any]]:
    return {entry["file"]: entry for entry in json.loads((FOLDER / "index.json").read_text())}


@cache
def verdict(file: str) -> Verdict:
    try:
        load([str(FOLDER / file)], environ=Environment())
    except ConfigError as error:
        return Verdict(file, tuple(error.problems))
    return Verdict(file, ())


def expected_missing(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    registry = Registry()
    undefined = json.dumps(entry.get("undefined_components") or {})
    for section, types in entry["all_components"].items():
        unknown = [name for name in types if registry.find(Kind(section), name) is None]
        yield from ((section, name) for name in unknown if f'"{name}"' not in undefined)


FILES = sorted(index()) if FOLDER.is_dir() else []


def test_the_folder_of_cases_is_there() -> None:
    """The folder is found."""
    conformance.demand(FILES, "configs/index.json")


@pytest.mark.parametrize("file", FILES)
def test_nothing_that_we_have_is_refused(file: str) -> None:
    """Every problem has a reason of the table: no component or option of ours is unknown to us."""
    assert verdict(file).unexplained() == []


@pytest.mark.parametrize("file", FILES)
def test_every_unknown_component_is_named_at_once(file: str) -> None:
    """The error lists exactly the components that logboom does not have."""
    assert verdict(file).missing == set(expected_missing(index()[file]))


@pytest.mark.parametrize("file", FILES)
def test_every_problem_has_its_place(file: str) -> None:
    """File, line and column, and a quoted line in the text."""
    problems = verdict(file).problems
    text = render(problems)
    assert all(problem.file == str(FOLDER / file) and problem.line and problem.column for problem in problems)
    assert text.count("\n" + " " * 6 + "| ") == len(problems)


def test_summary() -> None:
    """A line a configuration, and what is missing most."""
    verdicts = [verdict(file) for file in FILES]
    missing = Counter(f"{section}.{name}" for one in verdicts for section, name in one.missing)
    running = [one.file for one in verdicts if not one.problems]
    willing = [one.file for one in verdicts if one.by_choice]
    lines = [*map(str, verdicts), "", f"{len(running)} of {len(verdicts)} run as they are"]
    lines += [f"{len(willing)} more without their traces and metrics pipelines"]
    lines += [f"{count:4} {name}" for name, count in missing.most_common(15)]
    text = "\n".join(lines)
    print(text)
    if report := os.environ.get("LOGBOOM_CONFORMANCE_REPORT"):
        Path(report).write_text(text + "\n")
    assert len(lines) > len(FILES)
