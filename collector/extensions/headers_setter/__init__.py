"""Headers that exporters send with each request: fixed ones, or from files."""

from collector.component import Factory, Kind
from collector.extensions.headers_setter.config import HeadersSetterConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="headers_setter",
    config=HeadersSetterConfig,
    behaviour="collector.extensions.headers_setter.authenticator:HeadersSetter",
    summary="headers of an exporter's requests: fixed ones, or from files that others rewrite",
    stability="beta",
    differs=("from_context and from_attribute need a default_value, which is what is sent",),
)
