"""Changes attributes of resources, with the OpenTelemetry Collector's options."""

from collector.component import Factory, Kind
from processors.resource.config import ResourceConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="resource",
    config=ResourceConfig,
    behaviour="processors.resource.processor:Resource",
    summary="sets, deletes, hashes, extracts and converts attributes of resources",
    stability="beta",
    differs=(),
)
