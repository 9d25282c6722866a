"""`endpoint` and `connection_params` as the Collector's exporter reads them: which HTTP interface is meant, and what is said to it.

The native protocol is not spoken. Its two ports stand for the HTTP interface beside them, which a server has by its defaults:

tcp://host:9000, clickhouse://host              http://host:8123
tcp://host:9440, clickhouse://host?secure=true  https://host:8443
http://host:port, https://host:port             as written
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_NATIVE = frozenset({"tcp", "clickhouse", "native"})
_HTTP_BESIDE = {9000: 8123, 9440: 8443}
_TLS_PORT = 9440
_TRUE = frozenset({"1", "t", "true"})
_DRIVER = frozenset(
    [
        "block_buffer_size",
        "client_info_product",
        "compress_level",
        "conn_max_lifetime",
        "connection_open_strategy",
        "debug",
        "dial_timeout",
        "max_compression_buffer",
        "max_idle_conns",
        "max_open_conns",
        "read_timeout",
        "secure",
        "compress",
        "username",
        "database",
    ]
)
"""Parameters of the Collector's driver: none of them is a setting of the server's."""
_INSTEAD = {
    "password": "write the option `password`",
    "skip_verify": "write `tls: {insecure_skip_verify: true}`",
    "http_proxy": "the environment's HTTP_PROXY and HTTPS_PROXY are used",
    "http_path": "the HTTP interface is spoken to at `/`",
}
_SYNTAX = "write http://host:8123 or https://host:8443"


@dataclass(frozen=True, slots=True)
class Address:
    """`base`: the HTTP interface's URL without a path. `settings`: of the server, for each insert. `driver`: the other parameters."""

    base: str
    native: bool
    database: str
    user: str
    password: str = field(repr=False)
    settings: Mapping[str, str]
    driver: Mapping[str, str]


def address(endpoint: str, given: Mapping[str, str]) -> Address:
    """What both options say; `given` (`connection_params`) comes before the URL's own parameters.

    Raises:
        ValueError: it is no URL, names several hosts, another native port, or what is not available; never with the URL.
    """
    parts = _split(endpoint)
    params = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **given}
    for name in params.keys() & _INSTEAD:
        raise ValueError(f"the parameter `{name}` is not available: {_INSTEAD[name]}")
    return Address(
        base=_base(parts, secure=params.get("secure", "").lower() in _TRUE),
        native=parts.scheme in _NATIVE,
        database=params.get("database") or parts.path.strip("/"),
        user=params.get("username") or unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        settings={name: value for name, value in params.items() if name not in _DRIVER},
        driver={name: value for name, value in params.items() if name in _DRIVER},
    )


def _split(endpoint: str) -> SplitResult:
    if "," in endpoint.partition("?")[0]:
        raise ValueError("endpoint names several hosts: write one, a load balancer's if there are several")
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in _NATIVE | {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"endpoint is not a URL: {_SYNTAX}")
    return parts


def _base(parts: SplitResult, *, secure: bool) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if parts.scheme not in _NATIVE:
        scheme = "https" if secure else parts.scheme
        return f"{scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    secure = secure or parts.port == _TLS_PORT
    port = _HTTP_BESIDE.get(parts.port or (_TLS_PORT if secure else 9000))
    if port is None:
        raise ValueError(
            f"endpoint: port {parts.port} is the native protocol's, which is not spoken, and which port the HTTP interface beside it has is not "
            f"known: {_SYNTAX}"
        )
    return f"{'https' if secure else 'http'}://{host}:{8443 if secure else port}"
