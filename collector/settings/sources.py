"""Where a configuration comes from: `--config` (`file:`, a path, `env:`, `yaml:`) and `--set`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingABC
from functools import partial
from pathlib import Path

from collector.errors import Problem
from collector.settings.tree import Entry, Mapping, Node, Place, Scalar, merge
from collector.settings.yaml_reader import Unreadable, read_yaml

_SCHEME = re.compile(r"(?s)([A-Za-z][A-Za-z0-9+.-]+):(.*)")


def read_sources(
    sources: Sequence[str],
    sets: Sequence[str],
    environ: MappingABC[str, str],
    laid: Callable[[Mapping], tuple[Mapping, list[Problem]]] = lambda local: (local, []),
) -> tuple[Mapping, list[Problem]]:
    """All sources merged in the order given, what is `laid` over these, then every `--set`; the problems of all of them."""
    merged, problems = _merged(Mapping(), [partial(_read, source, environ) for source in sources])
    merged, of_laid = laid(merged)
    merged, of_sets = _merged(merged, [partial(_read_set, item) for item in sets])
    return merged, [*problems, *of_laid, *of_sets]


def _merged(merged: Node, reads: Sequence[Callable[[], Node]]) -> tuple[Mapping, list[Problem]]:
    problems: list[Problem] = []
    for read in reads:
        try:
            root = read()
        except Unreadable as error:
            problems += error.problems
            continue
        if isinstance(root, Mapping):
            merged = merge(merged, _unflattened(root))
        elif not (isinstance(root, Scalar) and root.value is None):
            problems.append(_problem("the configuration must be a mapping of sections", root.place, "config/not-a-map"))
    assert isinstance(merged, Mapping)
    return merged, problems


def _read(source: str, environ: MappingABC[str, str]) -> Node:
    match = _SCHEME.fullmatch(source)
    scheme, rest = (match.group(1), match.group(2)) if match else ("file", source)
    if scheme == "file":
        return read_yaml(_file_text(rest), rest)
    if scheme == "env":
        return read_yaml(environ.get(rest, ""), f"env:{rest}")
    if scheme == "yaml":
        return read_yaml(rest, "--config yaml")
    hint = "use a path, file:PATH, env:NAME or yaml:TEXT"
    raise Unreadable(
        [_problem(f'scheme "{scheme}" is not supported for --config', Place("--config"), "config/source", hint)]
    )


def _file_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"there is no file {path}"
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text"
    raise Unreadable([_problem(message, Place(path), "config/source")])


def _read_set(assignment: str) -> Node:
    key, equals, value = assignment.partition("=")
    if not equals or not all(key.split(".")):
        hint = "write --set processors.batch.timeout=2s"
        raise Unreadable([_problem("--set needs key=value", Place("--set"), "config/set", hint)])
    place = Place(f"--set {key}")
    node = read_yaml(value, place.file, at=place)
    return Mapping({key.replace(".", "::"): Entry(place, node)}, place)


def _unflattened(root: Mapping) -> Mapping:
    """`exporters::debug::verbosity: detailed` at the top level is a path."""
    result: Node = Mapping(place=root.place)
    for key, entry in root.entries.items():
        node = entry.node
        for part in reversed(key.split("::")[1:]):
            node = Mapping({part: Entry(entry.place, node)}, entry.place)
        result = merge(result, Mapping({key.split("::")[0]: Entry(entry.place, node)}, root.place))
    assert isinstance(result, Mapping)
    return result


def _problem(message: str, place: Place, code: str, hint: str = "") -> Problem:
    return Problem(message, place.file, place.line, place.column, code, hint)
