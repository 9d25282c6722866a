"""What editors make of a value: pure functions of the old one (upstream: pkg/ottl/ottlfuncs/func_*.go).

`ABSENT` takes the value away, `KEPT` leaves it as it is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.formatting import sprintf
from collector.ottl.plain.function import ArgumentError, Constants, Parameter
from collector.ottl.plain.kinds import EvaluationError, named
from collector.ottl.plain.patterns import checked, expanded, found, glob_matches, replaced

KEPT: Any = object()
Map = dict[str, Any]
Change = Callable[[str], str]
"""What the function among the arguments of `replace_*` does (`SHA256`)."""


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor.

    Args:
        name: as it is written.
        parameters: those behind the target.
        edit: gets the old value and the arguments.
        check: see `collector.ottl.plain.function.Function`.
        of_map: the target must be a map.
        takes_function: the place of a parameter that is the name of a converter, or None.
    """

    name: str
    parameters: tuple[Parameter, ...]
    edit: Callable[..., Any]
    check: Callable[[Constants], None] | None = None
    of_map: bool = True
    takes_function: bool = False


def _set(_: Any, value: Any) -> Any:
    return KEPT if value is None else value


def _delete_key(old: Map, key: str) -> Any:
    return {name: value for name, value in old.items() if name != key} if key in old else KEPT


def _delete_matching_keys(old: Map, pattern: str) -> Map:
    return {name: value for name, value in old.items() if not found(pattern, name)}


def _keep_keys(old: Map, keys: list[str]) -> Map:
    return {name: value for name, value in old.items() if name in keys}


def _keep_matching_keys(old: Map, pattern: str) -> Map:
    return {name: value for name, value in old.items() if found(pattern, name)}


def merged(old: Map, source: Map, strategy: str) -> Map:
    """`insert`: what is new; `update`: what is there; `upsert`: all of it."""
    match strategy:
        case "insert":
            return {**source, **old}
        case "update":
            return {name: source.get(name, value) for name, value in old.items()}
        case _:
            return {**old, **source}


STRATEGIES = ("insert", "update", "upsert")


def _strategy_known(constants: Constants) -> None:
    strategy = constants.get("strategy")
    if strategy not in STRATEGIES:
        raise ArgumentError(
            "strategy", f"invalid value for strategy, {strategy}, must be 'insert', 'update' or 'upsert'"
        )


def _limit_known(constants: Constants) -> None:
    limit, priority = constants.get("limit"), constants.get("priorityKeys") or []
    if isinstance(limit, int) and limit < 0:
        raise ArgumentError("limit", f"invalid limit for limit function, {limit} cannot be negative")
    if isinstance(limit, int) and limit < len(priority):
        raise ArgumentError("priorityKeys", f"the limit of {limit} is less than the number of keys with priority")


def _limit(old: Map, limit: int, priority: list[str]) -> Any:
    if len(old) <= limit:
        return KEPT
    first = [key for key in old if key in priority]
    kept = {*first, *[key for key in old if key not in priority][: max(0, limit - len(first))]}
    return {key: value for key, value in old.items() if key in kept}


def _not_negative(constants: Constants) -> None:
    limit = constants.get("limit")
    if isinstance(limit, int) and limit < 0:
        raise ArgumentError("limit", f"invalid limit for truncate_all function, {limit} cannot be negative")
    marker = constants.get("truncation_marker")
    if isinstance(limit, int) and isinstance(marker, str) and len(marker.encode()) > limit:
        too_long = f"length of marker {len(marker.encode())} cannot be greater than limit {limit}"
        raise ArgumentError("truncation_marker", f"invalid truncation marker for truncate_all function, {too_long}")


def truncated(text: str, limit: int, whole_characters: bool = True, marker: str = "") -> str:
    """At most `limit` bytes, `marker` among them; half a character is left out, or U+FFFD."""
    data = text.encode()
    if len(data) <= limit:
        return text
    return data[: limit - len(marker.encode())].decode("utf-8", "ignore" if whole_characters else "replace") + marker


def _truncate_all(old: Map, limit: int, *how: Any) -> Map:
    return {key: truncated(value, limit, *how) if isinstance(value, str) else value for key, value in old.items()}


def _append(old: Any, value: Any, values: list[Any] | None) -> list[Any]:
    if value is None and values is None:
        raise EvaluationError("at least one of the optional arguments ('value' or 'values') must be provided")
    before = old if isinstance(old, list) else [] if old is None else [old]
    return [*before, *([] if value is None else [value]), *(values or [])]


def _delete_index(old: Any, start: int, end: int | None) -> list[Any]:
    if not isinstance(old, list):
        raise EvaluationError(f"expected pcommon.Slice but got {named(old)}")
    end, length = start + 1 if end is None else end, len(old)
    if (start, end) == (0, length):
        return []
    if not 0 <= start < length:
        raise EvaluationError(f"startIndex {start} out of bounds for slice of length {length}")
    if end < start:
        raise EvaluationError(f"endIndex {end} cannot be less than startIndex {start}")
    if end > length:
        raise EvaluationError(f"deletion range [{start}:{end}] out of bounds for slice of length {length}")
    return [*old[:start], *old[end:]]


def _stringify_all(old: Map) -> Map:
    return {key: as_string(value) for key, value in old.items()}


def as_string(value: Any) -> str:
    """As `AsString` of the Collector's values: bytes are base64, nothing is empty."""
    return b64encode(value).decode() if type(value) is bytes else getters.text(value) or ""


def _append_given(constants: Constants) -> None:
    if constants.get("value", 0) is None and constants.get("values", 0) is None:
        raise ArgumentError("value", "at least one of the optional arguments ('value' or 'values') must be provided")


def _depth_known(constants: Constants) -> None:
    depth = constants.get("depth")
    if isinstance(depth, int) and depth <= 0:
        raise ArgumentError("depth", f"invalid depth for flatten function, {depth} must be greater than 0")


def flattened(old: Map, prefix: str, depth: int | None, resolve_conflicts: bool) -> Map:
    """Maps and lists in it become keys joined by dots, `depth` levels deep."""
    flat = _Flat(depth, resolve_conflicts)
    flat.add_map(old, prefix, 0)
    return flat.result


class _Flat:
    def __init__(self, depth: int | None, resolve_conflicts: bool) -> None:
        self.result: Map = {}
        self._depth = depth
        self._resolves = resolve_conflicts
        self._seen: dict[str, int] = {}

    def add_map(self, value: Map, prefix: str, depth: int) -> None:
        for key, item in value.items():
            self._add(item, f"{prefix}.{key}" if prefix else key, depth)

    def _add(self, item: Any, key: str, depth: int) -> None:
        if (self._depth is not None and depth >= self._depth) or not isinstance(item, dict | list):
            self._put(key, item)
        elif isinstance(item, dict):
            self.add_map(item, key, depth + 1)
        else:
            for at, one in enumerate(item):
                plain = not isinstance(one, dict | list)
                self._add(one, key if self._resolves and plain else f"{key}.{at}", depth + 1)

    def _put(self, key: str, item: Any) -> None:
        if self._resolves and key in self.result:
            number = self._seen.get(key, 0)
            self._seen[key] = number + 1
            key = f"{key}.{number}"
        self.result[key] = item


def _replacer(replacement: str, change: Change | None, form: str | None) -> Callable[[Any], str]:
    def each(match: Any) -> str:
        text = expanded(replacement, match)
        if change is not None:
            text = change(text)
        return sprintf(form, [text]) if form else text

    return each


def replaced_pattern(text: Any, pattern: str, replacement: str, change: Change | None, form: str | None) -> Any:
    """Every match in the text; other kinds stay."""
    return replaced(pattern, text, _replacer(replacement, change, form)) if isinstance(text, str) else text


def _replace_pattern(old: Any, pattern: str, replacement: str, change: Change | None, form: str | None) -> Any:
    return replaced_pattern(old, pattern, replacement, change, form) if isinstance(old, str) else KEPT


def _replace_all_patterns(
    old: Map, mode: str, pattern: str, replacement: str, change: Change | None, form: str | None
) -> Map:
    if mode == "value":
        return {key: replaced_pattern(value, pattern, replacement, change, form) for key, value in old.items()}
    return {replaced_pattern(key, pattern, replacement, change, form): value for key, value in old.items()}


def _mode_known(constants: Constants) -> None:
    if constants.get("mode") not in ("key", "value"):
        raise ArgumentError("mode", f"invalid mode {constants.get('mode')!r}, must be either 'key' or 'value'")
    checked("regex")(constants)


def replaced_match(text: Any, pattern: str, replacement: str, change: Change | None, form: str | None) -> Any:
    """The whole text, where the glob stands for it."""
    if not isinstance(text, str) or not glob_matches(pattern, text):
        return text
    new = replacement if change is None else change(replacement)
    return sprintf(form, [new]) if form else new


def _replace_match(old: Any, pattern: str, replacement: str, change: Change | None, form: str | None) -> Any:
    return replaced_match(old, pattern, replacement, change, form) if isinstance(old, str) else KEPT


def _replace_all_matches(old: Map, pattern: str, replacement: str, change: Change | None, form: str | None) -> Map:
    return {key: replaced_match(value, pattern, replacement, change, form) for key, value in old.items()}


_KEY, _REGEX = Parameter("key", getters.string), Parameter("pattern", getters.string)
_REPLACEMENT = (
    Parameter("replacement", getters.string),
    Parameter("function", optional=True),
    Parameter("replacementFormat", getters.string, optional=True),
)
_TRUNCATION = (
    Parameter("limit", getters.integer),
    Parameter("utf8_safe", optional=True, default=True),
    Parameter("truncation_marker", getters.string, optional=True, default=""),
)
_FOR_MATCHES = (Parameter("pattern", getters.string), *_REPLACEMENT)
_FOR_PATTERNS = (Parameter("regex", getters.string), *_REPLACEMENT)

EDITORS: dict[str, Editor] = {
    editor.name: editor
    for editor in (
        Editor("set", (Parameter("value"),), _set, of_map=False),
        Editor("delete_key", (_KEY,), _delete_key),
        Editor("delete_matching_keys", (_REGEX,), _delete_matching_keys, checked("pattern")),
        Editor("keep_keys", (Parameter("keys", getters.string, items=True),), _keep_keys),
        Editor("keep_matching_keys", (_REGEX,), _keep_matching_keys, checked("pattern")),
        Editor(
            "merge_maps",
            (Parameter("source", getters.mapping), Parameter("strategy", getters.string, literal=True)),
            merged,
            _strategy_known,
        ),
        Editor(
            "limit",
            (Parameter("limit", getters.integer), Parameter("priorityKeys", getters.string, items=True)),
            _limit,
            _limit_known,
        ),
        Editor("truncate_all", _TRUNCATION, _truncate_all, _not_negative),
        Editor(
            "delete_index",
            (Parameter("startIndex", getters.integer), Parameter("endIndex", getters.integer, optional=True)),
            _delete_index,
            of_map=False,
        ),
        Editor("stringify_all", (), _stringify_all),
        Editor(
            "append",
            (Parameter("value", optional=True), Parameter("values", optional=True, items=True)),
            _append,
            _append_given,
            of_map=False,
        ),
        Editor(
            "flatten",
            (
                Parameter("prefix", getters.string, optional=True, default=""),
                Parameter("depth", getters.integer, optional=True),
                Parameter("resolveConflicts", getters.boolean, optional=True, default=False),
            ),
            flattened,
            _depth_known,
        ),
        Editor("replace_pattern", _FOR_PATTERNS, _replace_pattern, checked("regex"), of_map=False, takes_function=True),
        Editor(
            "replace_all_patterns",
            (Parameter("mode", getters.string, literal=True), *_FOR_PATTERNS),
            _replace_all_patterns,
            _mode_known,
            takes_function=True,
        ),
        Editor("replace_match", _FOR_MATCHES, _replace_match, of_map=False, takes_function=True),
        Editor("replace_all_matches", _FOR_MATCHES, _replace_all_matches, takes_function=True),
    )
}
