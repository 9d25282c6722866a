"""What the components say of the way in which pipelines and connectors are joined: state that belongs to one pipeline, and
pipelines that options name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collector.component import (
    Component,
    Config,
    HoldsArchive,
    HoldsLogs,
    KeepsState,
    Kind,
    LeadsTo,
    NamesExporters,
    ReadsArchive,
    ReadsStore,
)
from collector.errors import Problem
from collector.settings.ids import parse_id
from collector.settings.references import PipelineLists
from collector.settings.suggest import among, hint, nearest
from collector.store.d1_config import D1StoreConfig

Found = Mapping[Kind, Mapping[str, Component[Config]]]


def check_wiring(pipelines: Sequence[PipelineLists], found: Found) -> Iterator[Problem]:
    """Every problem of it; of components that could be read."""
    for ident, component in found[Kind.PROCESSOR].items():
        yield from _shared_state(ident, component, pipelines)
    for ident, component in found[Kind.CONNECTOR].items():
        yield from _leads_astray(ident, component, pipelines)
        yield from _addressed_in_vain(ident, component, pipelines)
    for ident, component in found[Kind.EXTENSION].items():
        yield from _reads_nothing(ident, component, found[Kind.EXPORTER], pipelines)
        yield from _archive_of_nobody(ident, component, found[Kind.EXPORTER])


def _shared_state(ident: str, component: Component[Config], pipelines: Sequence[PipelineLists]) -> Iterator[Problem]:
    stands = [lists for lists in pipelines if ident in {reference.id for reference in lists.processors}]
    if len(stands) < 2 or not isinstance(component.config, KeepsState) or not component.config.keeps_state():
        return
    names = " and ".join(lists.id for lists in stands)
    yield Problem(
        f"processors::{ident} keeps state and stands in {names}: it may stand in one pipeline",
        *stands[1].place,
        code="config/shared-state",
        hint=_cure(ident, stands),
    )


def _cure(ident: str, stands: Sequence[PipelineLists]) -> str:
    """The configuration that does it."""
    receivers = list(dict.fromkeys(reference.id for lists in stands for reference in lists.receivers))
    rest = "; ".join(f"{lists.id}: {{receivers: [forward], …}} without {ident}" for lists in stands)
    return (
        f"let one pipeline do it for all: connectors: {{forward: {{}}}}; logs/first: {{receivers: [{', '.join(receivers)}], "
        f"processors: [{ident}], exporters: [forward]}}; {rest}; or give each one of its own, such as {ident}/2"
    )


def _leads_astray(ident: str, component: Component[Config], pipelines: Sequence[PipelineLists]) -> Iterator[Problem]:
    """It names pipelines that it does not feed. One that stands in no pipeline is no matter."""
    stands = any(ident in {reference.id for reference in (*each.receivers, *each.exporters)} for each in pipelines)
    if not stands or not isinstance(component.config, LeadsTo):
        return
    fed = [lists.id for lists in pipelines if ident in {reference.id for reference in lists.receivers}]
    for name in dict.fromkeys(component.config.leads_to()):
        if _canonical(name) in fed:
            continue
        known = name in {lists.id for lists in pipelines}
        advice = (
            f"add {ident} to the receivers of {name}" if known else hint(nearest(name, fed), among("it feeds", fed))
        )
        yield Problem(
            f'connectors::{ident}: pipeline "{name}" is not among those that it feeds',
            *component.place,
            code="config/unknown-pipeline",
            hint=advice,
        )


def _addressed_in_vain(
    ident: str, component: Component[Config], pipelines: Sequence[PipelineLists]
) -> Iterator[Problem]:
    """It addresses exporters that get nothing from it."""
    fed = [lists for lists in pipelines if ident in {reference.id for reference in lists.receivers}]
    if not isinstance(component.config, NamesExporters) or not any(
        ident in {reference.id for reference in (*each.receivers, *each.exporters)} for each in pipelines
    ):
        return
    reached = [reference.id for lists in fed for reference in lists.exporters]
    for option, name in component.config.names_exporters().items():
        if _canonical(name) in reached:
            continue
        where = fed[0].id if fed else "a pipeline with it among its receivers"
        yield Problem(
            f'connectors::{ident}::{option.replace(".", "::")}: exporter "{name}" stands in no pipeline that it feeds',
            *component.place,
            code="config/unknown-exporter",
            hint=hint(nearest(name, reached), f"add {name} to the exporters of {where}"),
        )


def _reads_nothing(
    ident: str,
    component: Component[Config],
    exporters: Mapping[str, Component[Config]],
    pipelines: Sequence[PipelineLists],
) -> Iterator[Problem]:
    """It is to read the store of an exporter that has none, or that no pipeline writes."""
    name = component.config.reads_store() if isinstance(component.config, ReadsStore) else ""
    written = {reference.id for lists in pipelines for reference in lists.exporters}
    stores = [
        each for each, one in exporters.items() if each in written and isinstance(one.config, HoldsLogs | D1StoreConfig)
    ]
    if name and _canonical(name) not in stores:
        yield Problem(
            f'extensions::{ident}::store: exporter "{name}" keeps no logs that could be read, or stands in no pipeline',
            *component.place,
            code="config/unknown-exporter",
            hint=hint(nearest(name, stores), among("readable", stores) or "add an exporter sqlite to a pipeline"),
        )


def _archive_of_nobody(
    ident: str,
    component: Component[Config],
    exporters: Mapping[str, Component[Config]],
) -> Iterator[Problem]:
    """It is to search in the archive of an exporter that keeps none."""
    name = component.config.reads_archive() if isinstance(component.config, ReadsArchive) else ""
    archives = [each for each, one in exporters.items() if isinstance(one.config, HoldsArchive)]
    if name and _canonical(name) not in archives:
        yield Problem(
            f'extensions::{ident}::archive: exporter "{name}" keeps no archive',
            *component.place,
            code="config/unknown-exporter",
            hint=hint(nearest(name, archives), among("archives", archives) or "add an exporter archive to a pipeline"),
        )


def _canonical(name: str) -> str:
    try:
        return str(parse_id(name))
    except ValueError:
        return name
