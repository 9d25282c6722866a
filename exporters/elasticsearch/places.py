"""Attributes that say where a document goes, not what it holds."""

from __future__ import annotations

from exporters.elasticsearch.routing import DATASET, INDEX, NAMESPACE, TYPE

DOCUMENT_ID = "elasticsearch.document_id"
PIPELINES = ("elasticsearch.ingest_pipeline", "elasticsearch.document_pipeline")
"""As the Collector's code has it, and as its documentation has it."""
MODE = "elastic.mapping.mode"
ELSEWHERE = frozenset({TYPE, DATASET, NAMESPACE, INDEX, DOCUMENT_ID, *PIPELINES, MODE, "elasticsearch.mapping.hints"})
"""All of them; they are left out of documents."""
