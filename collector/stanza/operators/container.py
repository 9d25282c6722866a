"""`container`: lines of Docker, CRI-O and containerd; pieces of long ones are put together again; where they come from is told on the resource."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import polars as pl

from collector.stanza.columns import Rows, items, put
from collector.stanza.fields import Field
from collector.stanza.frame import Frame
from collector.stanza.layouts import TimeLayout, gotime
from collector.stanza.operation import NO_ROWS, Done, Mask, Options
from collector.stanza.operators.parsing import by_distinct
from collector.stanza.operators.recombine import Recombine
from collector.stanza.problems import Failed, OperatorError

_BODY, _PATH = Field("body"), Field("attributes", ("log.file.path",))
_STREAM, _TAG = "log.iostream", "logtag"
_FORMATS = ("docker", "crio", "containerd", "")
_PLACE = re.compile(
    r"^.*[/\\](?P<namespace>[^_/\\]+)_(?P<pod>[^_/\\]+)_(?P<uid>[a-f0-9-]+)[/\\](?P<container>[^._/\\]+)[/\\](?P<restarts>\d+)\.log(?:\..*)?$"
)
_KEYS = {
    "k8s.namespace.name": "namespace", "k8s.pod.name": "pod", "k8s.pod.uid": "uid", "k8s.container.name": "container",
    "k8s.container.restart_count": "restarts",
}  # fmt: skip


class Container:
    """The format is told by the first letter of a line where none is named. What is rotated away keeps its name in front of the rest."""

    def __init__(self, options: Options) -> None:
        self._format = options.take("format", "")
        if self._format not in _FORMATS:
            raise OperatorError(f"invalid `format` {self._format!r}: docker, crio or containerd")
        self._told = options.flag("add_metadata_from_filepath", default=True)
        for legacy in ("parse_from", "parse_to"):
            if options.has(legacy) and options.take(legacy) not in ("body", "attributes"):
                raise OperatorError(f"{legacy} can't be changed")
        self.recombine = Recombine(
            Options({
                "combine_field": "body", "is_last_entry": "attributes.logtag == 'F'", "combine_with": "",
                "max_log_size": options.take("max_log_size", 1 << 20), "max_batch_size": 1_000_000, "max_unmatched_batch_size": 0,
            })
        )  # fmt: skip
        self.recombine.by([_PATH, Field("attributes", (_STREAM,))])
        options.take("submit_partial")

    def apply(self, frame: Frame, rows: Rows) -> Done:
        docker = self._is_docker(frame, rows)
        bad = np.zeros(len(rows), dtype=np.bool_)
        if docker.any():
            bad[docker] = self._docker(frame, rows[docker])
        if not docker.all():
            bad[~docker] = self._cri(frame, rows[~docker])
        good = rows[~bad]
        if self._told and len(good):
            _place(frame, good)
        cri = rows[~bad & ~docker]
        joined = self.recombine.apply(frame, cri) if len(cri) else Done(NO_ROWS)
        on = np.concatenate([rows[docker & ~bad], joined.on]) if docker.any() else joined.on
        return Done(on, rows[bad], reason="no line of a container" if bad.any() else "")

    def _is_docker(self, frame: Frame, rows: Rows) -> Mask:
        if self._format:
            return np.full(len(rows), self._format == "docker")
        column = frame.get(_BODY, rows)
        if isinstance(column, list) or column.dtype != pl.String:
            return np.array(
                [isinstance(value, str) and value.startswith("{") for value in items(column)], dtype=np.bool_
            )
        return column.str.starts_with("{").fill_null(False).to_numpy()

    def _cri(self, frame: Frame, rows: Rows) -> Mask:
        """Time, stream, tag and text stand between spaces."""
        column = _texts(frame, rows)
        parts = column.str.splitn(" ", 4).struct.unnest()
        time, stream, tag, text = (parts.get_column(f"field_{number}") for number in range(4))
        nanos, late = _nanos(time)
        known = stream.is_in(["stdout", "stderr"]).fill_null(False)
        bad: Mask = ~known.to_numpy() | tag.is_null().to_numpy() | late
        good = (~bad).nonzero()[0]
        chosen = rows[good]
        if len(good):
            if len(good) < len(rows):
                text, stream, tag = text[good], stream[good], tag[good]
            frame.body = put(frame.body, chosen, text.fill_null("") if text.null_count() else text)
            frame.attributes.set(_STREAM, chosen, stream)
            frame.attributes.set(_TAG, chosen, tag)
            _put_time(frame, chosen, nanos[good])
        return bad

    def _docker(self, frame: Frame, rows: Rows) -> Mask:
        """JSON with `log`, `stream` and `time`; the text ends in a line end."""
        lines = _texts(frame, rows)
        found = _read_docker(lines)
        bad = np.fromiter((each is None for each in found), dtype=np.bool_, count=len(rows))
        kept = [each for each in found if each is not None]
        nanos, late = _nanos(pl.Series([each["time"] for each in kept], dtype=pl.String))
        if late.any():
            bad[np.flatnonzero(~bad)[late]] = True
            kept = [each for each, is_late in zip(kept, late.tolist(), strict=True) if not is_late]
            nanos = nanos[~late]
        chosen = rows[~bad]
        if len(chosen):
            frame.body = put(
                frame.body, chosen, pl.Series([each["log"].rstrip("\r\n") for each in kept], dtype=pl.String)
            )
            frame.attributes.set(_STREAM, chosen, pl.Series([each["stream"] for each in kept], dtype=pl.String))
            _put_time(frame, chosen, nanos)
        return bad


def _texts(frame: Frame, rows: Rows) -> pl.Series:
    column = frame.get(_BODY, rows)
    if not isinstance(column, list) and column.dtype == pl.String:
        return column.fill_null("")
    return pl.Series([value if isinstance(value, str) else "" for value in items(column)], dtype=pl.String)


def _read_docker(lines: pl.Series) -> list[dict[str, Any] | None]:
    texts = lines.to_list()
    try:
        found = orjson.loads(f"[{','.join(texts)}]")
    except orjson.JSONDecodeError:
        found = []
    if len(found) != len(texts):
        found = [_one_docker(text) for text in texts]
    return [each if _is_line(each) else None for each in found]


def _one_docker(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _is_line(value: Any) -> bool:
    return type(value) is dict and all(type(value.get(key)) is str for key in ("log", "stream", "time"))


@lru_cache(1)
def _layout() -> TimeLayout:
    from datetime import UTC

    from collector.stanza.layouts import by

    return TimeLayout(by(gotime("2006-01-02T15:04:05.999999999Z07:00"), UTC), "%Y-%m-%dT%H:%M:%S%.fZ")


def _nanos(times: pl.Series) -> tuple[Any, Mask]:
    """Nanoseconds since the epoch, and where they can't be read."""
    fast = _layout().fast(times)
    assert fast is not None
    slow = fast.is_null().arg_true().to_numpy()
    nanos = fast.fill_null(0).to_numpy().copy()
    bad = np.zeros(len(times), dtype=np.bool_)
    if len(slow):
        found = by_distinct([value if value is not None else "" for value in times[slow].to_list()], _layout().parse)
        bad[slow] = [type(each) is Failed or not 0 <= each < 1 << 63 for each in found]
        nanos[slow] = [0 if is_bad else each for each, is_bad in zip(found, bad[slow].tolist(), strict=True)]
    return nanos, bad


def _put_time(frame: Frame, rows: Rows, nanos: Any) -> None:
    empty = pl.Series([None], dtype=pl.UInt64).new_from_index(0, frame.height)
    frame.put_field("time_unix_nano", rows, pl.Series(nanos.astype(np.uint64)), empty)


def _place(frame: Frame, rows: Rows) -> None:
    """Namespace, pod and container out of the file's path, once for each path."""
    paths = frame.get(_PATH, rows)
    if isinstance(paths, list) or paths.dtype != pl.String or paths.null_count() == len(paths):
        return
    distinct = paths.drop_nulls().unique().to_list()
    found = {path: match for path in distinct if (match := _PLACE.match(path)) is not None}
    if not found:
        return
    there = (
        paths.is_in(list(found)).fill_null(False).to_numpy()
        if len(found) < len(distinct) or paths.null_count()
        else None
    )
    chosen, known = (rows, paths) if there is None else (rows[there], paths.filter(pl.Series(there)))
    for key, group in _KEYS.items():
        said = [match[group] for match in found.values()]
        column = known.replace_strict(list(found), said, return_dtype=pl.String) if len(found) > 1 else None
        one = pl.Series(said[:1], dtype=pl.String).new_from_index(0, len(known))
        frame.resource.set(key, chosen, one if column is None else column)
