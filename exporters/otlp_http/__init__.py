"""OTLP over HTTP."""

from collector.component import Factory, Kind
from exporters.otlp_http.config import OtlpHttpConfig

FACTORY = Factory(
    kind=Kind.EXPORTER,
    name="otlp_http",
    config=OtlpHttpConfig,
    behaviour="exporters.otlp_http.exporter:OtlpHttpExporter",
    carrier="exporters.otlp_http.carrier:OtlpHttpCarrier",
    summary="sends OTLP over HTTP, protobuf or JSON",
    aliases=("otlphttp",),
    stability="beta",
    differs=("HTTP/1.1", "redirects are not followed"),
)
