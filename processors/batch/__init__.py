"""How much is gathered into one processing step and one request, with the OpenTelemetry Collector's options."""

from collector.component import Factory, Kind
from processors.batch.config import BatchConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="batch",
    config=BatchConfig,
    behaviour="",
    summary="sets how many records one processing step takes",
    stability="beta",
    differs=(
        "payloads are never split",
        "what is gathered is a step of the whole pipeline",
        "what came with requests and is not in metadata_keys passes, too",
    ),
)
