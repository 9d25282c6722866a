"""Logs into Elasticsearch and OpenSearch, a document a record."""

from collector.component import Factory, Kind
from exporters.elasticsearch.config import ElasticsearchConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="elasticsearch",
    config=ElasticsearchConfig,
    behaviour="exporters.elasticsearch.exporter:ElasticsearchExporter",
    summary="Indexes records in Elasticsearch or OpenSearch with the bulk API, keyed by record id.",
    differs=("documents that are refused one by one become dead letters",),
)
