"""A file of tests of a configuration: what goes in, and what is expected to come out.

config: shop.yaml                     # beside this file; --config says another
env: {BACKEND: "https://backend"}     # variables of the configuration
tests:
  - name: passwords never leave
    pipeline: logs                    # the first one without it
    input:
      - {body: "password=hunter2", severity: INFO, attributes: {user: ann}}
    expect:
      - records:                      # exactly these leave, in any order; of each what is written is compared
          - {body: "password=***", attributes: {user: ann}}
      - behind: filter/noise          # not at the end: behind this processor
        count: 1
      - all: ['not IsMatch(body, "hunter")']
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from collector.cli.trying.asked import condition
from collector.component import Config
from collector.ottl import OttlError
from collector.units import Duration


class SuiteError(ValueError):
    """The file is not written as it should be."""


class Expected(Config):
    """Of one place. All that is written must be so."""

    pipeline: str | None = None
    """Which pipeline's records; the one that gets the input without it."""
    behind: str | None = None
    """Behind this processor of it; at its end without it."""
    records: list[dict[str, Any]] | None = None
    """The records that were sent, as they leave, in any order; of each the fields that are written are compared, `attributes` and
    `resource` whole (but for `logboom.*`, which are compared where they are written)."""
    events: list[dict[str, Any]] | None = None
    """The records that components made."""
    count: int | None = Field(None, ge=0)
    """How many were sent and leave."""
    all: list[str] = []
    """Conditions (OTTL) that hold for each of them."""
    any: list[str] = []
    """Conditions each of which holds for one of them."""

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.records is None and self.events is None and self.count is None and not self.all and not self.any:
            raise ValueError("nothing is expected: write records, events, count, all or any")
        for text in (*self.all, *self.any):
            try:
                condition(text)
            except OttlError as error:
                raise ValueError(f"{text}: {error}") from None
        return self


class Case(Config):
    """One test."""

    name: str
    """What must hold."""
    pipeline: str | None = None
    """The pipeline that gets the input; the first one without it."""
    domain: str = "default"
    """Whose records they are."""
    input: list[dict[str, Any]] = Field(min_length=1)
    """Records, or OTLP JSON requests, that come together."""
    wait: Duration = 0.0
    """How long to let pass afterwards, for what components do at a time; nobody waits for it."""
    expect: list[Expected] = Field(min_length=1)
    """What must be so."""


class Suite(Config):
    """All of a file."""

    config: str | list[str] = []
    """The configuration, from the file's folder."""
    env: dict[str, str] = {}
    """Variables that the configuration names, instead of the environment's."""
    tests: list[Case] = Field(min_length=1)
    """The tests."""


def suite_of(path: Path) -> Suite:
    """Raises `SuiteError`: with what is wrong, and where."""
    try:
        return Suite.model_validate(yaml.safe_load(path.read_text()))
    except OSError as error:
        raise SuiteError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuiteError(f"{path} is no YAML: {error}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in error.errors()]
        raise SuiteError(f"{path} is no file of tests:\n  " + "\n  ".join(lines)) from None
