"""Exporters of the OpenTelemetry SDK for our own metrics and traces, by the options of `service.telemetry`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from collector.settings.telemetry import OtlpPush

E = TypeVar("E")


def over_http(options: OtlpPush, path: str, make: Callable[..., E]) -> E:
    """An exporter over HTTP, made by the SDK's class; `path` is OTLP's own for the signal."""
    from opentelemetry.exporter.otlp.proto.http import Compression

    return make(
        endpoint=http_url(options.endpoint, path),
        certificate_file=options.certificate,
        client_key_file=options.client_key,
        client_certificate_file=options.client_certificate,
        compression=Compression.Gzip if options.compression == "gzip" else Compression.NoCompression,
        headers=headers(options),
        timeout=options.timeout,
    )


def over_grpc(options: OtlpPush, make: Callable[..., E]) -> E:
    """The same over gRPC."""
    import grpc

    insecure = options.insecure or options.endpoint.startswith("http://")
    return make(
        endpoint=options.endpoint,
        insecure=insecure,
        credentials=None if insecure else _credentials(options),
        compression=grpc.Compression.Gzip if options.compression == "gzip" else grpc.Compression.NoCompression,
        headers=headers(options),
        timeout=options.timeout,
    )


def http_url(endpoint: str, path: str) -> str:
    """A URL without a path means OTLP's own path."""
    return endpoint.rstrip("/") + path if urlsplit(endpoint).path in ("", "/") else endpoint


def headers(options: OtlpPush) -> dict[str, str]:
    """`headers_list` (`name=value,…`) under `headers`, names in lower case as gRPC wants them."""
    listed = (pair.partition("=") for pair in (options.headers_list or "").split(",") if "=" in pair)
    found = {name.strip(): value.strip() for name, _, value in listed}
    if isinstance(options.headers, dict):
        found |= options.headers
    else:
        found |= {header.name: header.value or "" for header in options.headers}
    return {name.lower(): value for name, value in found.items()}


def _credentials(options: OtlpPush) -> Any:
    import grpc

    def content(path: str | None) -> bytes | None:
        return None if path is None else Path(path).read_bytes()

    return grpc.ssl_channel_credentials(
        content(options.certificate), content(options.client_key), content(options.client_certificate)
    )
