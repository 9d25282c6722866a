"""`logboom doctor`: is all well with a configuration, a data directory and what they lean on, and what to do where not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.checks.finding import Finding, Look, Patient, Severity, problem
from collector.cli.defaults import chosen
from collector.cli.endings import FAILED, MISUSED, wrong_configuration
from collector.cli.run import Configs, Sets
from collector.errors import ConfigError, LogboomError, Problem
from collector.settings import load
from collector.visible import visible

_MARKS = {Severity.OK: "ok     ", Severity.NOTE: "note   ", Severity.PROBLEM: "PROBLEM"}


def doctor(
    config: Configs = None,
    data_dir: Annotated[Path, typer.Option(help="The data directory of `logboom run`.")] = Path("logboom-data"),
    set_: Sets = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Don't read all that is kept (damage, pages of stores) and connect nowhere.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Findings as one JSON object.")] = False,
) -> None:
    """Examine a configuration, a data directory and the destinations, whether logboom runs or not; says what to do for each finding.

    Changes nothing and sends no record. Exit code 0 when all is well, 1 when something is not, 2 when the configuration is wrong.
    """
    from collector.backend.data_dir import owner_of

    try:
        settings = load(chosen(config), set_ or [])
    except ConfigError as error:
        if not json_:
            wrong_configuration(error)
        _print_json([_of_problem(each) for each in error.problems])
        raise typer.Exit(MISUSED) from None
    patient = Patient(settings, data_dir.resolve(), owner_of(data_dir.resolve()), thorough=not quick)
    findings = list(_examined(patient))
    if json_:
        _print_json(findings)
    else:
        sys.stdout.write("".join(_lines(findings)))
    if any(finding.severity is Severity.PROBLEM for finding in findings):
        raise typer.Exit(FAILED)


def _looks(patient: Patient) -> Iterator[tuple[str, Look]]:
    from collector.cli.checks import data, machine, outside

    yield "configuration", outside.configuration
    yield "data directory", data.directory
    yield "process", data.process
    yield "keys", data.keys
    yield "disk", machine.disk
    yield "descriptors", machine.descriptors
    yield "clock", machine.clock
    yield "ports", machine.ports
    if any(patient.root.glob("partition/*/data.mdb")):
        yield "backlog", data.backlog
        yield "dead letters", data.dead_letters
        if patient.thorough:
            yield "damage", data.damage
    yield "store", outside.stores
    if patient.thorough:
        yield "destination", outside.destinations
        yield "backup", outside.backups


def _examined(patient: Patient) -> Iterator[Finding]:
    for name, look in _looks(patient):
        try:
            yield from look(patient)
        except (LogboomError, OSError) as error:
            yield problem(name, str(error), "")


def _of_problem(found: Problem) -> Finding:
    place = f"{found.file}:{found.line}: " if found.file else ""
    return problem("configuration", f"{place}{found.message}", found.hint)


def _lines(findings: list[Finding]) -> Iterator[str]:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        yield f"{_MARKS[finding.severity]}  {finding.check:<{width}}  {visible(finding.said)}\n"
        if finding.cure:
            yield f"{'':<{width + 9}}  → {visible(finding.cure)}\n"


def _print_json(findings: list[Finding]) -> None:
    well = not any(finding.severity is Severity.PROBLEM for finding in findings)
    sys.stdout.write(json.dumps({"well": well, "findings": [asdict(finding) for finding in findings]}) + "\n")
