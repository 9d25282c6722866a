"""`logboom test`: these records in, those out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import FAILED, misused, wrong_configuration
from collector.visible import visible, visible_json

if TYPE_CHECKING:
    from collector.cli.trying.suite import Case, Suite
    from collector.settings import Settings


def suites(
    files: Annotated[list[Path], typer.Argument(help="Files of tests.", metavar="FILE...")],
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-c", help="The configuration; without it the one that a file names."),
    ] = None,
    only: Annotated[str, typer.Option("--only", "-k", help="Run the tests whose names have this text.")] = "",
    json_: Annotated[
        bool, typer.Option("--json", help="A JSON object a line: each test, with its differences.")
    ] = False,
) -> None:
    """Run tests of a configuration: its processors and connectors get the records that a file says, and what comes out is compared. No
    receiver listens, nothing is sent or kept.

    \b
    shop.test.yaml, beside shop.yaml:
      config: shop.yaml
      tests:
        - name: passwords never leave
          input:  [{body: "login password=x", attributes: {user: ann}}]
          expect: [{records: [{body: "login password=***"}]}]
    logboom test shop.test.yaml
    """
    results = [result for file in files for result in _run(file, config, only, told=not json_)]
    if not results:
        misused(f"no test has {only!r} in its name")
    failed = [result for result in results if result["differences"]]
    if json_:
        sys.stdout.write("".join(visible_json(result) + "\n" for result in results))
    else:
        typer.echo(f"{len(results)} test{'' if len(results) == 1 else 's'}, {len(failed)} failed")
    if failed:
        raise typer.Exit(FAILED)


def _run(file: Path, config: list[str] | None, only: str, *, told: bool) -> Iterator[dict[str, object]]:
    from collector.cli.trying.suite import SuiteError, suite_of

    try:
        suite = suite_of(file)
        settings = _settings(file, suite, config)
        for case in suite.tests:
            if only in case.name:
                found = _differences(settings, case)
                if told:
                    _tell(file, case.name, found)
                yield {"file": str(file), "test": case.name, "ok": not found, "differences": found}
    except SuiteError as error:
        misused(str(error))


def _settings(file: Path, suite: Suite, config: list[str] | None) -> Settings:
    from collector.errors import ConfigError
    from collector.settings import load

    named = [suite.config] if isinstance(suite.config, str) else suite.config
    sources = config or [str(file.parent / one) for one in named]
    if not sources:
        misused(f"{file} names no configuration, and there is no --config")
    try:
        return load(sources, [], environ={**os.environ, **suite.env})
    except ConfigError as error:
        wrong_configuration(error)


def _differences(settings: Settings, case: Case) -> list[str]:
    """Raises `SuiteError`."""
    from collector.cli.trying.judging import differences
    from collector.cli.trying.records import batch_of_documents
    from collector.cli.trying.suite import SuiteError
    from collector.cli.trying.trial import tried
    from collector.errors import InvalidPayload
    from collector.samples import SampleError

    pipeline = case.pipeline or next(iter(settings.pipelines))
    if pipeline not in settings.pipelines:
        raise SuiteError(f"{case.name}: there is no pipeline {pipeline!r}; there is {', '.join(settings.pipelines)}")
    try:
        batch = batch_of_documents(list(case.input), case.domain)
    except (SampleError, InvalidPayload) as error:
        raise SuiteError(f"{case.name}: {error}") from None
    return differences(case, pipeline, tried(settings, pipeline, batch, wait_secs=case.wait))


def _tell(file: Path, name: str, found: list[str]) -> None:
    typer.echo(f"{'FAILED' if found else 'ok    '}  {file}: {visible(name)}")
    for difference in found:
        typer.echo("".join(f"        {line}\n" for line in difference.split("\n")), nl=False)
