"""How `service` joins the components: every id it names exists, every pipeline is whole, connectors connect.

The sentences are the OpenTelemetry Collector's where it has one (otelcol/config.go, service/pipelines/config.go,
service/internal/graph).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from collector.component import Kind
from collector.errors import Problem
from collector.reserved import PIPELINE, RECEIVER
from collector.settings.ids import parse_id
from collector.settings.model import PipelineSettings
from collector.settings.suggest import among, hint, nearest
from collector.settings.tree import Place

SIGNALS = ("traces", "metrics", "logs", "profiles")


class Reference(NamedTuple):
    """An id in a list of `service`, where it stands, and where it came from when not from a file (`env:NAME`)."""

    id: str
    place: Place
    origin: str = ""

    @property
    def shown(self) -> str:
        """The id for messages; what the environment gave is not shown."""
        return f"${{{self.origin}}}" if self.origin else self.id


class PipelineLists(NamedTuple):
    """The three lists of one pipeline as written, and the place of the pipeline's key."""

    id: str
    place: Place
    receivers: Sequence[Reference]
    processors: Sequence[Reference]
    exporters: Sequence[Reference]


Declared = Mapping[Kind, Mapping[str, Place]]
"""The ids of each section, and where they are declared."""


def pipeline_of(lists: PipelineLists, connectors: Container[str]) -> PipelineSettings:
    """The pipeline by plain ids."""
    receivers, processors, exporters = (
        [reference.id for reference in part] for part in (lists.receivers, lists.processors, lists.exporters)
    )
    return PipelineSettings(
        lists.id,
        tuple(ident for ident in receivers if ident not in connectors),
        tuple(processors),
        tuple(ident for ident in exporters if ident not in connectors),
        connectors=tuple(ident for ident in exporters if ident in connectors),
        fed_by=tuple(ident for ident in receivers if ident in connectors),
    )


def check_service(
    extensions: Sequence[Reference], pipelines: Sequence[PipelineLists], declared: Declared
) -> Iterator[Problem]:
    """Every problem of the joints."""
    for reference in extensions:
        yield from _known("service::extensions", "extension", reference, declared, [Kind.EXTENSION])
    for lists in pipelines:
        yield from _check_pipeline(lists, declared)
    yield from _ambiguous(declared)
    yield from _reserved(pipelines, declared)
    yield from _one_sided(pipelines, declared)
    yield from _cycles(pipelines, declared)


def _check_pipeline(lists: PipelineLists, declared: Declared) -> Iterator[Problem]:
    where = f"service::pipelines::{lists.id}"
    signal = parse_id(lists.id).type
    if signal not in SIGNALS:
        hints = hint(nearest(signal, SIGNALS), "a pipeline is named logs or logs/name")
        yield _at(lists.place, f'{where}: unknown signal "{signal}"', "config/unknown-signal", hints)
    for part, kind in ((lists.receivers, "receiver"), (lists.exporters, "exporter")):
        if not part:
            yield _at(lists.place, f"{where}: must have at least one {kind}", "config/incomplete-pipeline")
    ends = [Kind.CONNECTOR]
    for reference in lists.receivers:
        yield from _known(where, "receiver", reference, declared, [Kind.RECEIVER, *ends])
    for reference in lists.processors:
        yield from _known(where, "processor", reference, declared, [Kind.PROCESSOR])
    for reference in lists.exporters:
        yield from _known(where, "exporter", reference, declared, [Kind.EXPORTER, *ends])
    for part, kind in ((lists.receivers, "receiver"), (lists.processors, "processor"), (lists.exporters, "exporter")):
        yield from _repeated(where, kind, part)


def _known(where: str, word: str, reference: Reference, declared: Declared, kinds: Sequence[Kind]) -> Iterator[Problem]:
    ids = {ident for kind in kinds for ident in declared.get(kind, {})}
    if reference.id not in ids:
        message = f'{where}: references {word} "{reference.shown}" which is not configured'
        elsewhere = [kind for kind, places in declared.items() if reference.id in places]
        advice = f'"{reference.shown}" is declared under {elsewhere[0]}' if elsewhere else nearest(reference.id, ids)
        yield _at(reference.place, message, "config/unknown-reference", hint(advice, among("configured", ids)))


def _repeated(where: str, word: str, references: Sequence[Reference]) -> Iterator[Problem]:
    seen: set[str] = set()
    for reference in references:
        if reference.id in seen:
            message = f'{where}: references {word} "{reference.shown}" multiple times'
            yield _at(reference.place, message, "config/duplicate-reference", "remove one")
        seen.add(reference.id)


def _reserved(pipelines: Sequence[PipelineLists], declared: Declared) -> Iterator[Problem]:
    """Ids of what every configuration has without saying so."""
    taken = [(f"{kind}.{RECEIVER}", declared.get(kind, {}).get(RECEIVER)) for kind in (Kind.RECEIVER, Kind.CONNECTOR)]
    taken += [(f"service::pipelines::{lists.id}", lists.place) for lists in pipelines if lists.id == PIPELINE]
    for name, place in taken:
        if place is not None:
            message = f"{name}: this id is logboom's own, for what people do and the service knows"
            yield _at(place, message, "config/reserved-id", "choose another name")


def _ambiguous(declared: Declared) -> Iterator[Problem]:
    for ident, place in declared.get(Kind.CONNECTOR, {}).items():
        for kind, word in ((Kind.EXPORTER, "exporter"), (Kind.RECEIVER, "receiver")):
            if ident in declared.get(kind, {}):
                message = (
                    f'connectors::{ident}: ambiguous ID: Found both "{ident}" {word} and "{ident}" connector. '
                    "Change one of the components' IDs to eliminate ambiguity "
                    f'(e.g. rename "{ident}" connector to "{ident}/connector")'
                )
                yield _at(place, message, "config/ambiguous-id")


def _one_sided(pipelines: Sequence[PipelineLists], declared: Declared) -> Iterator[Problem]:
    for ident, place in declared.get(Kind.CONNECTOR, {}).items():
        as_exporter = [lists.id for lists in pipelines if ident in {r.id for r in lists.exporters}]
        as_receiver = [lists.id for lists in pipelines if ident in {r.id for r in lists.receivers}]
        for used, word, other in ((as_exporter, "exporter", "receiver"), (as_receiver, "receiver", "exporter")):
            missing = as_receiver if word == "exporter" else as_exporter
            if used and not missing:
                message = (
                    f'connector "{ident}" used as {word} in [{", ".join(used)}] pipeline '
                    f"but not used in any supported {other} pipeline"
                )
                yield _at(place, message, "config/unused-connector", f"add it to the {other}s of another pipeline")


def _cycles(pipelines: Sequence[PipelineLists], declared: Declared) -> Iterator[Problem]:
    """A pipeline whose records come back to it."""
    connectors = set(declared.get(Kind.CONNECTOR, {}))
    feeds = {lists.id: {r.id for r in lists.exporters} & connectors for lists in pipelines}
    after = {
        lists.id: {other for other, out in feeds.items() if out & {r.id for r in lists.receivers}}
        for lists in pipelines
    }
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        place = next(lists.place for lists in pipelines if lists.id == cycle[0])
        steps = " -> ".join(f'pipeline "{ident}"' for ident in reversed(cycle))
        yield _at(
            place, f"cycle detected: {steps}", "config/cycle", "send to another pipeline, one that does not lead back"
        )


def _at(place: Place, message: str, code: str, advice: str = "") -> Problem:
    return Problem(message, *place, code=code, hint=advice)
