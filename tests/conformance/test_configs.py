"""Configurations of other collectors' users: do they run, and if not, does the error name everything?

The table of verdicts is printed (`-rP`, `-s`), and written to the file named by LOGBOOM_CONFORMANCE_REPORT; below it how many
run, and what stops how many.
"""

from __future__ import annotations

import csv
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
import yaml

from collector.component import Kind
from collector.errors import ConfigError, Problem
from collector.registry import default_registry
from collector.settings import load, render
from collector.settings.model import NotRun
from collector.settings.upstream.component_types import brings_no_logs, known
from collector.settings.upstream.extensions import without_effect
from counterparts import conformance

FOLDER = conformance.FOLDER
REASONS: dict[str, tuple[str, str]] = {
    "a component that logboom does not have": ("config/unknown-component", ""),
    "no pipeline of logs that logboom could run": ("config/unsupported-signal", ""),
    "a section of one distribution": ("config/unknown-section", ""),
    "an option with a value that its own collector refuses, too": (
        "config/(invalid-value|missing-key)",
        (
            "'check_interval' must be greater than zero|logs.level: must be|health_check: must be host:port|api.site: must be"
            '|coralogix needs the option "application_name"|delete_after_read needs start_at: beginning'
        ),
    ),
    "an operator that its own collector refuses, too": (
        "config/invalid-value",
        r"operators\[\d+\].*(unknown option (trim_space|layout)|it begins with body, attributes or resource)|delete_after_read needs",
    ),
    "a connector with one end (invalid upstream too, or its other end is a fragment)": (
        "config/unused-connector",
        "not used in any supported",
    ),
    "an id that its file does not declare (a fragment)": ("config/unknown-reference", "which is not configured"),
    "no pipeline or section in this file (a fragment)": (
        "config/(no-pipeline|missing-section|incomplete-pipeline)",
        "",
    ),
    "a placeholder of a template where an address or a number belongs": (
        "config/invalid-value",
        r"endpoint: must be host:port|must be a whole number|verbosity: must be|domain: must match|invalid port \"\{\{",
    ),
    "a client authenticator: the credential goes into headers": (
        "config/invalid-value",
        "client authenticators are not available",
    ),
    "an address without http://, on which upstream fails at run time": (
        "config/invalid-value",
        "is not a URL: write http",
    ),
    "a listener with TLS that has no certificate: its own collector does not start either": (
        "config/invalid-value",
        "a server needs cert_file and key_file",
    ),
    "cipher suites that are broken": ("config/invalid-value", "unknown cipher suites TLS_RSA_WITH_AES_128_CBC_SHA"),
    "a credential in the clear to another machine": ("config/invalid-value", "the token would travel over http://"),
    "a credential from a variable that is not set": ("config/unset-variable", "is not set: "),
    "append with compression, refused upstream too": ("config/invalid-value", "append and rotation or compression"),
    "an extension that service.extensions does not start": ("config/unknown-reference", "not in service::extensions"),
}
"""Why a configuration may be refused: code and message. Everything else is a defect of ours."""

_WORDS = {
    "URL|ENDPOINT|ADDRESS|SERVER": "https://h.example:4317",
    "HOST|IP|INTERFACE|NODE": "127.0.0.1",
    "PORT": "4317",
    "LIMIT|SIZE|MIB|NUM": "512",
    "INSECURE|ENABLED|SKIP": "true",
    "TIMEOUT|INTERVAL": "10s",
    "SITE": "datadoghq.com",
    "VERBOSITY": "basic",
    "LEVEL": "info",
}


class Environment(dict[str, str]):
    """What whoever runs the file would have set: a value that fits the variable's name."""

    def get(self, name: str, default: Any = None) -> Any:
        return next((value for words, value in _WORDS.items() if re.search(words, name.upper())), "value")


@dataclass(frozen=True)
class Verdict:
    """What `load` said of one configuration."""

    file: Path
    problems: tuple[Problem, ...]
    not_run: tuple[NotRun, ...] = ()

    @property
    def missing(self) -> set[tuple[str, str]]:
        """(section, type) of every component that the error names as unknown."""
        found = (re.match(r"'(\w+)' unknown type: \"(\w+)\"", problem.message) for problem in self.problems)
        return {(match[1], match[2]) for match in found if match}

    def unexplained(self) -> list[str]:
        """Problems that no entry of `REASONS` covers."""
        return [f"{problem.line}: {problem.message}" for problem in self.problems if not reason(problem)]

    def __str__(self) -> str:
        if not self.problems:
            left_out = ", ".join(each.pipeline for each in self.not_run)
            return f"runs     {self.file.name}" + (f": not run {left_out}" if left_out else "")
        types = ", ".join(f"{section}.{name}" for section, name in sorted(self.missing))
        others = sorted({reason(problem) or problem.message for problem in self.problems} - {next(iter(REASONS))})
        return f"refused  {self.file.name}: {'; '.join(filter(None, [f'unknown {types}' if types else '', *others]))}"


def reason(problem: Problem) -> str:
    """The entry of `REASONS` that covers a problem, or nothing."""
    covers = (
        name
        for name, (code, text) in REASONS.items()
        if re.fullmatch(code, problem.code) and re.search(text, problem.message)
    )
    return next(covers, "")


@cache
def files() -> Mapping[str, tuple[Path, bool]]:
    """Name → (file, whether every reference in it is declared)."""
    index = FOLDER / "configs" / "index.json"
    named = json.loads(index.read_text()) if index.exists() else []
    found = {
        entry["file"]: (FOLDER / "configs" / entry["file"], not entry.get("undefined_components")) for entry in named
    }
    more = FOLDER / "more-configs" / "index.tsv"
    rows = csv.DictReader(more.read_text().splitlines(), delimiter="\t") if more.exists() else []
    return found | {row["file"]: (FOLDER / "more-configs" / row["file"], row["complete"] == "yes") for row in rows}


@cache
def verdict(file: str) -> Verdict:
    path, _ = files()[file]
    try:
        settings = load([str(path)], environ=Environment())
    except ConfigError as error:
        return Verdict(path, tuple(error.problems))
    return Verdict(path, (), tuple(settings.not_run))


def stands_in_logs(file: str) -> set[tuple[Kind, str]]:
    """(section, type) of what pipelines of logs and `service.extensions` name, read without logboom; connectors aside."""
    written = yaml.safe_load(files()[file][0].read_text()) or {}
    service = written.get("service") or {}
    connectors = set(written.get("connectors") or {})
    pipelines = [each for name, each in (service.get("pipelines") or {}).items() if name.partition("/")[0] == "logs"]
    sections = (Kind.RECEIVER, Kind.PROCESSOR, Kind.EXPORTER)
    named = [(kind, ident) for each in pipelines for kind in sections for ident in _listed((each or {}).get(kind))]
    named += [(Kind.EXTENSION, ident) for ident in _listed(service.get("extensions"))]
    declared = [
        (kind, ident) for kind, ident in named if ident in (written.get(kind) or {}) and ident not in connectors
    ]
    return {(kind, ident.partition("/")[0].strip()) for kind, ident in declared}


def _listed(value: Any) -> list[str]:
    return value.replace(" ", "").split(",") if isinstance(value, str) else value or []


def lacks(kind: Kind, name: str) -> bool:
    left_out = without_effect(name) if kind is Kind.EXTENSION else kind is Kind.RECEIVER and brings_no_logs(name)
    return default_registry().find(kind, name) is None and not left_out


FILES = sorted(files())


def test_the_folder_of_cases_is_there() -> None:
    """The folder is found."""
    conformance.demand(FILES, "configs/index.json")


@pytest.mark.parametrize("file", FILES)
def test_nothing_that_we_have_is_refused(file: str) -> None:
    """Every problem has a reason of the table: no component or option of ours is unknown to us."""
    assert verdict(file).unexplained() == []


@pytest.mark.parametrize("file", FILES)
def test_every_unknown_component_is_named_at_once(file: str) -> None:
    """The error lists all components that logboom does not have of those that would run, and none that it has."""
    missing = verdict(file).missing
    assert {(kind.value, name) for kind, name in _lacking(file)} <= missing
    assert [one for one in missing if not lacks(Kind(one[0]), one[1])] == []


@pytest.mark.parametrize("file", FILES)
def test_every_problem_has_its_place(file: str) -> None:
    """File, line and column, and a quoted line in the text."""
    problems = verdict(file).problems
    text = render(problems)
    assert all(problem.file == str(files()[file][0]) and problem.line and problem.column for problem in problems)
    assert text.count("\n" + " " * 6 + "| ") == len(problems)


def _lacking(file: str) -> Iterator[tuple[Kind, str]]:
    """Of what would run. Pipelines of logs that get or give nothing but through connectors of other signals don't."""
    cut = any(one.code == "config/unsupported-signal" for one in verdict(file).problems)
    if not cut and not any(one.signal == "logs" for one in verdict(file).not_run):
        yield from (one for one in stands_in_logs(file) if lacks(*one))


def test_summary() -> None:
    """A line a configuration, how many run, and what stops how many."""
    verdicts = {file: verdict(file) for file in FILES}
    complete = [file for file in FILES if files()[file][1]]
    general = [file for file in complete if all(known(*one) for one in stands_in_logs(file))]
    lines = [str(one) for one in verdicts.values()]
    for title, chosen in (
        ("all", FILES), ("that declare all they name", complete), ("of these, without types of one distribution alone", general),
    ):  # fmt: skip
        runs = [file for file in chosen if not verdicts[file].problems]
        mixed = [file for file in runs if verdicts[file].not_run]
        lines.append(f"{len(runs)} of {len(chosen)} {title} run, {len(mixed)} of them without their other signals")
    missing = Counter(f"{section}.{name}" for one in verdicts.values() for section, name in one.missing)
    others = Counter(why for one in verdicts.values() for why in {reason(problem) for problem in one.problems})
    lines += [f"{count:4} {name}" for name, count in (*others.most_common(), *missing.most_common(40))]
    text = "\n".join(lines)
    print(text)
    if report := os.environ.get("LOGBOOM_CONFORMANCE_REPORT"):
        Path(report).write_text(text + "\n")
    assert len(lines) > len(FILES)
