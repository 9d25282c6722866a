"""OTLP over gRPC."""

from collector.component import Factory, Kind
from exporters.otlp_grpc.config import OtlpConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="otlp_grpc",
    config=OtlpConfig,
    behaviour="exporters.otlp_grpc.exporter:OtlpExporter",
    carrier="exporters.otlp_grpc.carrier:OtlpCarrier",
    summary="sends OTLP over gRPC",
    aliases=("otlp",),
    stability="beta",
    differs=("snappy and zstd are sent as gzip", "TLS versions and cipher suites are those of grpc"),
)
