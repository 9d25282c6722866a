"""Sends records to pipelines by what they say."""

from collector.component import Factory, Kind
from collector.connectors.routing.config import RoutingConfig

FACTORY = Factory(
    kind=Kind.CONNECTOR,
    name="routing",
    config=RoutingConfig,
    behaviour="collector.connectors.routing.connector:Routing",
    summary="sends records to pipelines by OTTL conditions and domains, by the Collector's table",
    stability="beta",
    differs=("error_mode propagate drops the record, not its payload",),
)
