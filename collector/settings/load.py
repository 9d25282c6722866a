"""Reads, merges, expands and checks a configuration; all that is wrong is told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from collector.errors import ConfigError, Problem
from collector.registry import Registry, default_registry
from collector.settings.causes import with_causes
from collector.settings.expand import Expansion
from collector.settings.model import Settings
from collector.settings.reading import Reading
from collector.settings.redaction import without
from collector.settings.remote import Laying, Remote
from collector.settings.sources import read_sources
from collector.settings.tree import Mapping, Place


def load(
    sources: Sequence[str],
    sets: Sequence[str] = (),
    *,
    registry: Registry | None = None,
    environ: MappingABC[str, str] | None = None,
    strict_signals: bool = False,
) -> Settings:
    """The configuration of `sources` (paths, `file:`, `env:`, `yaml:`), merged in order, then `sets` (`a.b=value`).

    Reads files and the environment; opens nothing else and starts nothing. With `strict_signals` a pipeline that can't run is a problem.

    Raises:
        ConfigError: with every problem found, in the order of the files.
    """
    return read(sources, sets, registry=registry, environ=environ, strict_signals=strict_signals).settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and the tree of values that it was made from."""

    settings: Settings
    root: Mapping


def read(
    sources: Sequence[str],
    sets: Sequence[str] = (),
    *,
    registry: Registry | None = None,
    environ: MappingABC[str, str] | None = None,
    strict_signals: bool = False,
    remote: Remote | None = None,
) -> Loaded:
    """As `load`, with the tree. `remote` is laid over the sources, below `sets`."""
    environ = os.environ if environ is None else environ
    registry = default_registry() if registry is None else registry
    merged, problems = read_sources(sources, sets, environ, partial(_laid, remote, registry))
    if problems:
        raise ConfigError(problems)
    if not merged.entries:
        place = Place(sources[0] if sources else "--config")
        hint = "`logboom init` writes one to begin with"
        raise ConfigError([Problem("empty configuration file", *place, code="config/empty", hint=hint)])
    expansion = Expansion(environ)
    root = expansion.expand(merged)
    assert isinstance(root, Mapping)
    reading = Reading(root, registry, strict_signals)
    idle = reading.idle_places()
    found = [p for p in expansion.problems if _place(p) not in idle]
    found += [p for p in reading.problems() if _place(p) not in expansion.failed]
    unset = {place: name for place, name in expansion.unset.items() if place not in idle}
    problems, warnings = with_causes(found, unset, root)
    if problems:
        hidden = reading.secrets
        told = [
            replace(each, message=without(each.message, hidden), hint=without(each.hint, hidden)) for each in problems
        ]
        raise ConfigError(_in_file_order(told, sources), warnings, hidden)
    return Loaded(reading.settings(tuple(sources), warnings), root)


def _laid(remote: Remote | None, registry: Registry, local: Mapping) -> tuple[Mapping, list[Problem]]:
    if remote is None:
        return local, []
    laying = Laying(remote, local, registry)
    return laying.laid(), laying.problems


def _place(problem: Problem) -> Place:
    return Place(problem.file, problem.line, problem.column)


def _in_file_order(problems: Sequence[Problem], sources: Sequence[str]) -> list[Problem]:
    order = {source.removeprefix("file:"): position for position, source in enumerate(sources)}
    last = len(order)
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (order.get(problem.file, last), problem.line, problem.column))
