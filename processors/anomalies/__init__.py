"""anomalies: what is unusual is noticed by itself."""

from collector.component import Factory, Kind
from processors.anomalies.config import AnomaliesConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="anomalies",
    config=AnomaliesConfig,
    behaviour="processors.anomalies.processor:Anomalies",
    summary="Notices what is unusual: new patterns, bursts, silence, slow requests, limits that will be reached.",
)
