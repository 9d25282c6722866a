"""Sends records to the first of several levels of pipelines whose exporters are well."""

from collector.component import Factory, Kind
from collector.connectors.failover.config import FailoverConfig

FACTORY = Factory(
    kind=Kind.CONNECTOR,
    name="failover",
    config=FailoverConfig,
    behaviour="collector.connectors.failover.connector:Failover",
    summary="sends records to the first level of pipelines whose exporters are well",
    stability="beta",
    differs=("levels change by what delivery knows, without trial requests",),
)
