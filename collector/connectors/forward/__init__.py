"""Joins pipelines: what leaves one goes to others, as it is."""

from collector.component import Factory, Kind
from collector.connectors.forward.config import ForwardConfig

FACTORY = Factory(
    kind=Kind.CONNECTOR,
    name="forward",
    config=ForwardConfig,
    behaviour="collector.connectors.forward.connector:Forward",
    summary="hands all that leaves a pipeline to others, as it is",
    stability="beta",
    differs=(),
)
