"""Changes attributes of records, with the OpenTelemetry Collector's options."""

from collector.component import Factory, Kind
from processors.attributes.config import AttributesConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="attributes",
    config=AttributesConfig,
    behaviour="processors.attributes.processor:Attributes",
    summary="sets, deletes, hashes, extracts and converts attributes of records",
    stability="beta",
    differs=(),
)
