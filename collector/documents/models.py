"""Document models: the ways in which a record is written down as one line of text, for exporters that leave the choice.

json    the record as it is: times, severity, body, attributes, resource, scope, ids
ocsf    an event of the Open Cybersecurity Schema Framework
ecs     a document of the Elastic Common Schema
cef     ArcSight's Common Event Format
leef    IBM's Log Event Extended Format 2.0
text    the body alone

A text never holds a line break, so what a sender wrote cannot look like two records.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from collector.batch import LogBatch
from collector.documents.cef import cef_text
from collector.documents.device_event import Device
from collector.documents.ecs import ecs_json
from collector.documents.leef import leef_text
from collector.documents.lines import line_text, record_json
from collector.documents.ocsf import ocsf_json
from collector.documents.options import DocumentModel, DocumentOptions


def texts(batch: LogBatch, model: DocumentModel, options: DocumentOptions = DocumentOptions()) -> pl.Series:  # noqa: B008 frozen
    """One text a record: String, no null, no line break."""
    return _MODELS[model](batch, options)


def _device(options: DocumentOptions) -> Device:
    given = options.device
    return Device(given.vendor, given.product, given.version or Device().version)


_MODELS: dict[DocumentModel, Callable[[LogBatch, DocumentOptions], pl.Series]] = {
    "json": lambda batch, _: record_json(batch),
    "ocsf": lambda batch, options: ocsf_json(batch, options.ocsf),
    "ecs": lambda batch, _: ecs_json(batch),
    "cef": lambda batch, options: cef_text(batch, _device(options)),
    "leef": lambda batch, options: leef_text(batch, _device(options)),
    "text": lambda batch, _: line_text(batch),
}
