"""Actions on attributes with the OpenTelemetry Collector's options: insert, update, upsert, delete, hash, extract, convert
(upstream: internal/coreinternal/attraction)."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from collector.attribute_options import Action
from collector.client_info import client_info
from collector.columns.dictionary import encode
from collector.ottl.plain.getters import int_like, text
from collector.ottl.plain.kinds import EvaluationError
from collector.ottl.plain.patterns import compiled, found, group_names
from collector.ottl.plain.places import ATTRIBUTES, Level, Place
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.maps import Owners

_SETS = ("insert", "update", "upsert")


def problem_of(action: Action, position: int) -> str | None:
    """What is wrong with an action, as the Collector says it; None: nothing."""
    at = f"at the {position}-th actions"
    if not action.key and not (action.action in ("delete", "hash") and action.pattern):
        return f'error creating AttrProc due to missing required field "key" {at}'
    sources = (action.value is not None) + bool(action.from_attribute) + bool(action.from_context)
    if action.action in _SETS:
        return _problem_of_setting(action, position, sources)
    if sources:
        return (
            f'error creating AttrProc. Action "{action.action}" does not use a value source field. These must not be specified for '
            f"{position}-th action"
        )
    if action.action == "convert" and not action.converted_type:
        return f'error creating AttrProc due to missing required field "converted_type" for action "convert" {at}'
    return _problem_of_pattern(action, position)


def _problem_of_setting(action: Action, position: int, sources: int) -> str | None:
    if not sources:
        return (
            'error creating AttrProc. Either field "value", "from_attribute" or "from_context" setting must be specified for '
            f"{position}-th action"
        )
    if sources > 1:
        return f"error creating AttrProc due to multiple value sources being set at the {position}-th actions"
    if action.pattern:
        return (
            f'error creating AttrProc. Action "{action.action}" does not use the "pattern" field. This must not be specified for '
            f"{position}-th action"
        )
    return None


def _problem_of_pattern(action: Action, position: int) -> str | None:
    if action.action == "convert" and action.pattern:
        return f'error creating AttrProc. Action "convert" does not use the "pattern" field. This must not be specified for {position}-th action'
    if action.action == "extract" and not action.pattern:
        return f'error creating AttrProc due to missing required field "pattern" for action "extract" at the {position}-th action'
    if not action.pattern:
        return None
    try:
        expression = compiled(action.pattern)
    except EvaluationError:
        return f'error creating AttrProc. Field "pattern" has invalid pattern: "{action.pattern}" to be set at the {position}-th actions'
    if action.action == "extract":
        if not expression.groups:
            return f'error creating AttrProc. Field "pattern" contains no named matcher groups at the {position}-th actions'
        if len(group_names(action.pattern)) < expression.groups:
            return f'error creating AttrProc. Field "pattern" contains at least one unnamed matcher group at the {position}-th actions'
    return None


def check(actions: Sequence[Action]) -> None:
    """Raises `ValueError` for the first that cannot be done."""
    for position, action in enumerate(actions):
        if (problem := problem_of(action, position)) is not None:
            raise ValueError(problem)


def act(frame: Frame, level: Level, actions: Sequence[Action], owners: Owners) -> None:
    """All actions on the attributes of some owners of a level."""
    for action in actions:
        _DOES[action.action](frame, level, action, owners)


def _set(frame: Frame, level: Level, action: Action, owners: Owners) -> None:
    refs = _source(frame, level, action, owners)
    if action.action != "upsert":
        there = frame.refs(Place(level, ATTRIBUTES, action.key))[owners] >= 0
        refs = np.where(there == (action.action == "update"), refs, -1)
    sets = refs >= 0
    if sets.any():
        frame.write(Place(level, ATTRIBUTES, action.key), owners[sets], refs[sets])


def _source(frame: Frame, level: Level, action: Action, owners: Owners) -> Owners:
    """For each owner a reference to what is set, or -1."""
    if action.from_context:
        refs = _came(frame, level, action.from_context)[owners]
    elif action.from_attribute:
        refs = frame.refs(Place(level, ATTRIBUTES, action.from_attribute))[owners]
    else:
        return np.full(len(owners), frame.pool.add([action.value])[0])
    if action.default_value is not None:
        refs = np.where(refs >= 0, refs, frame.pool.add([action.default_value])[0])
    return refs


def _came(frame: Frame, level: Level, name: str) -> Owners:
    """For all of a level a reference to what came with the request: with that of the first of its records; -1 where nothing did."""
    told = frame.batch.client
    if told is None:
        return np.full(frame.height(level), -1, dtype=np.int64)
    coded = encode(told)
    values = [client_info(text).named(name) for text in coded.values.to_pylist()]
    refs = np.where([value is not None for value in values], frame.pool.add(values), -1)[coded.codes]
    owners = frame.positions(Level.RECORD, level)
    if owners is None:
        return refs
    found = np.full(frame.height(level), -1, dtype=np.int64)
    found[owners[::-1]] = refs[::-1]
    return found


def _keys(frame: Frame, level: Level, action: Action) -> list[str]:
    keys = [action.key] if action.key else []
    if action.pattern:
        keys += [
            key for key in frame.maps(level, ATTRIBUTES).names() if key != action.key and found(action.pattern, key)
        ]
    return keys


def _delete(frame: Frame, level: Level, action: Action, owners: Owners) -> None:
    gone = np.full(len(owners), -1, dtype=np.int64)
    for key in _keys(frame, level, action):
        frame.write(Place(level, ATTRIBUTES, key), owners, gone)


def changed(frame: Frame, place: Place, owners: Owners, change: Callable[[Any], Any]) -> None:
    """`change` of each distinct value, where it gives another."""
    there = owners[frame.refs(place)[owners] >= 0]
    cells = frame.read(place, there)
    used, places = np.unique(cells.codes, return_inverse=True)
    before = [cells.values[code] for code in used.tolist()]
    after = [change(value) for value in before]
    differs = np.array([new is not old for new, old in zip(after, before, strict=True)], dtype=np.bool_)[places]
    if differs.any():
        frame.write(place, there[differs], frame.pool.add(after)[places[differs]])


def _hash(frame: Frame, level: Level, action: Action, owners: Owners) -> None:
    for key in _keys(frame, level, action):
        changed(frame, Place(level, ATTRIBUTES, key), owners, _hashed)


def _hashed(value: Any) -> str:
    if isinstance(value, bool):
        data = bytes([value])
    elif isinstance(value, int):
        data = struct.pack("<q", value)
    elif isinstance(value, float):
        data = struct.pack("<d", value)
    else:
        data = value if isinstance(value, bytes) else (text(value) or "").encode()
    return hashlib.sha256(data).hexdigest()


def _extract(frame: Frame, level: Level, action: Action, owners: Owners) -> None:
    cells = frame.read(Place(level, ATTRIBUTES, action.key), owners)
    expression = compiled(action.pattern)
    matches = [expression.search(value) if isinstance(value, str) else None for value in cells.values]
    hit = np.array([match is not None for match in matches], dtype=np.bool_)[cells.codes]
    for name, number in group_names(action.pattern).items():
        if hit.any():
            taken = frame.pool.add([match.group(number) or "" if match is not None else "" for match in matches])
            frame.write(Place(level, ATTRIBUTES, name), owners[hit], taken[cells.codes[hit]])


def _convert(frame: Frame, level: Level, action: Action, owners: Owners) -> None:
    convert = {"int": _to_int, "double": _to_double, "string": text}[action.converted_type]
    changed(frame, Place(level, ATTRIBUTES, action.key), owners, convert)


def _to_int(value: Any) -> Any:
    if isinstance(value, str | float | bool):
        number = int_like(value)
        return value if number is None else number
    return value


def _to_double(value: Any) -> Any:
    if isinstance(value, bool | int):
        return float(value)
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) or value.lower().lstrip("+-") in ("inf", "infinity", "nan") else value
    return value


_DOES: dict[str, Callable[[Frame, Level, Action, Owners], None]] = {
    **dict.fromkeys(_SETS, _set), "delete": _delete, "hash": _hash, "extract": _extract, "convert": _convert,
}  # fmt: skip
