"""Headers that exporters send with each request: fixed ones, from files, or what came with the records."""

from collector.component import Factory, Kind
from collector.extensions.headers_setter.config import HeadersSetterConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="headers_setter",
    config=HeadersSetterConfig,
    behaviour="collector.extensions.headers_setter.authenticator:HeadersSetter",
    summary="headers of an exporter's requests: fixed ones, from files that others rewrite, or what came with the records",
    stability="beta",
    differs=("what came with requests passes `batch` without metadata_keys, too",),
)
