"""OTLP to several backends, each record to the one of its key."""

from collector.component import Factory, Kind
from exporters.load_balancing.config import LoadBalancingConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="load_balancing",
    config=LoadBalancingConfig,
    behaviour="exporters.load_balancing.exporter:LoadBalancingExporter",
    summary="sends OTLP over gRPC to several backends: equal keys to the same one",
    aliases=("loadbalancing",),
    stability="beta",
    differs=(
        "a backend that can't be reached is left out for a while, and its records go to others",
        "one queue, on disk, for all backends",
        "`routing_key: resource` hashes in a way of its own",
        "the resolver `aws_cloud_map` is refused: `dns` with the name that it gives the service",
    ),
)
