"""Which pipelines of a file run: those of logs that records can enter and leave, and bare ones of other signals (`carried`). The
others are told, loudly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from collector.component import Kind
from collector.errors import Problem
from collector.settings.ids import parse_id
from collector.settings.model import NotRun
from collector.settings.references import SIGNALS, PipelineLists, Reference
from collector.settings.tree import Place, at
from collector.settings.upstream.component_types import brings_no_logs, for_other_signals

_STRICT = "remove it, send {signal} to an OpenTelemetry Collector, or run without --strict-signals"


class Chosen(NamedTuple):
    """The pipelines that run, without connectors that lead to or from others; those that don't; and a sentence for each such connector."""

    running: Sequence[PipelineLists]
    not_run: Sequence[NotRun]
    left_out: Sequence[str]


def choose(
    pipelines: Sequence[PipelineLists],
    connectors: Mapping[str, Place],
    why_not: Callable[[str, PipelineLists], str] = lambda signal, _: f"logboom carries logs, not {signal}",
) -> Chosen:
    """`connectors`: the ids that are declared; `why_not`: of a pipeline of another signal, empty where it runs."""
    others = {lists.id: _signal(lists) for lists in pipelines if _signal(lists) in SIGNALS and _signal(lists) != "logs"}
    reasons = {lists.id: why_not(others[lists.id], lists) for lists in pipelines if lists.id in others}
    not_run = [
        NotRun(lists.id, _signal(lists), reasons[lists.id], lists.place) for lists in pipelines if reasons.get(lists.id)
    ]
    running = [lists for lists in pipelines if not reasons.get(lists.id)]
    while True:
        feeds = _Ends(connectors, running, pipelines)
        cut = [lists for lists in running if feeds.cuts(lists)]
        running = [feeds.without(lists) for lists in running if lists not in cut]
        not_run += [NotRun(lists.id, "logs", feeds.why(lists), lists.place) for lists in cut]
        if not cut:
            break
    whole = {lists.id: lists for lists in pipelines}
    return Chosen(running, not_run, [told for lists in running for told in _left_out(lists, whole[lists.id])])


def refused(chosen: Chosen, strict: bool) -> Iterator[Problem]:
    """With `--strict-signals` each that does not run is a problem; and they all are where none is left that runs."""
    for one in chosen.not_run if strict or not chosen.running else ():
        hint = _STRICT.format(signal=one.signal) if strict else "add a pipeline of logs: service.pipelines.logs"
        yield Problem(
            f"service::pipelines::{one.pipeline}: {one.why}", *one.place, code="config/unsupported-signal", hint=hint
        )


def _signal(lists: PipelineLists) -> str:
    return parse_id(lists.id).type


class _Ends:
    """Where connectors lead, as far as pipelines run. One whose other end stands nowhere is an error of the file, and stays."""

    def __init__(
        self, connectors: Collection[str], running: Sequence[PipelineLists], pipelines: Sequence[PipelineLists]
    ) -> None:
        self._connectors = connectors
        self._fed = _ids(running, lambda lists: lists.exporters)
        self._fed_anywhere = _ids(pipelines, lambda lists: lists.exporters)
        self._read = _ids(running, lambda lists: lists.receivers)
        self._read_anywhere = _ids(pipelines, lambda lists: lists.receivers)

    def cuts(self, lists: PipelineLists) -> bool:
        """Nothing comes in, or nothing goes out, though the file says that it does."""
        kept = self.without(lists)
        return bool((lists.receivers and not kept.receivers) or (lists.exporters and not kept.exporters))

    def without(self, lists: PipelineLists) -> PipelineLists:
        """The pipeline without connectors whose other end does not run."""
        fed = [r for r in lists.receivers if self._stays(r, self._fed, self._fed_anywhere)]
        receivers = [r for r in fed if r.id in self._connectors or not brings_no_logs(_type_of(r))]
        exporters = [r for r in lists.exporters if self._stays(r, self._read, self._read_anywhere)]
        return lists._replace(receivers=receivers, exporters=exporters)

    def why(self, lists: PipelineLists) -> str:
        """The sentence for one that does not run."""
        kept = self.without(lists)
        part, does = (lists.exporters, "goes out") if kept.receivers else (lists.receivers, "comes in")
        names = " and ".join(dict.fromkeys(reference.shown for reference in part))
        return f"nothing {does} but through the {_section(part[0])} {names}: {_reason(part[0])}"

    def _stays(self, reference: Reference, here: Collection[str], anywhere: Collection[str]) -> bool:
        return reference.id not in self._connectors or reference.id in here or reference.id not in anywhere


def _ids(pipelines: Sequence[PipelineLists], part: Callable[[PipelineLists], Sequence[Reference]]) -> set[str]:
    return {reference.id for lists in pipelines for reference in part(lists)}


def _type_of(reference: Reference) -> str:
    """What stands in front of the slash, also of an id that is none."""
    return reference.id.partition("/")[0].strip()


def _section(reference: Reference) -> str:
    """Of one that is left out: a connector, or a receiver without records."""
    return "receiver" if brings_no_logs(_type_of(reference)) else "connector"


def _reason(reference: Reference) -> str:
    name = _type_of(reference)
    return for_other_signals(Kind.CONNECTOR, name) or brings_no_logs(name) or "its other pipelines do not run"


def _left_out(kept: PipelineLists, written: PipelineLists) -> Iterator[str]:
    for before, after, does in (
        (written.receivers, kept.receivers, "brings nothing to"),
        (written.exporters, kept.exporters, "takes nothing from"),
    ):
        for reference in before:
            if reference not in after:
                place = at(reference.place)
                yield f"{_section(reference)}s.{reference.shown} {does} the pipeline {kept.id}: {_reason(reference)}{place}"
