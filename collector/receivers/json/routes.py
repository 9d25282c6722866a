"""Which path takes which shape, and how a body of it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self
from urllib.parse import parse_qsl

from collector.receivers.json import cloudflare, loggers, loki
from collector.receivers.json.cloudflare_shapes import LOGPUSH
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.fluent_bit import read_msgpack
from collector.receivers.json.otlp import read_otlp
from collector.receivers.json.shape import Shape
from collector.receivers.json.shapes import DATADOG, LOKI, SHAPES
from collector.receivers.json.taking import Reader
from collector.receivers.json.webhooks import Webhooks
from collector.transport.serving.http_body import max_body_size

_MSGPACK = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
_PROTOBUF = ("application/x-protobuf", "application/protobuf")
_OF_RECORDS = ("ddsource", "ddtags", "service", "hostname")
_MOST_PARAMETERS = 50


@dataclass(frozen=True)
class Post:
    """What a request says besides its body: media type, query, headers, and whether its body begins like JSON."""

    media: str
    parameters: Mapping[str, str]
    headers: Mapping[bytes, bytes]

    @classmethod
    def of(cls, headers: Mapping[bytes, bytes], query: bytes) -> Self:
        """Of the parts of a request."""
        media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        pairs = parse_qsl(query.decode("latin-1"), max_num_fields=None)[:_MOST_PARAMETERS] if query else ()
        return cls(media, dict(pairs), headers)

    @property
    def binary(self) -> bool:
        """The body is no text."""
        return self.media in _PROTOBUF or self.media in _MSGPACK

    @property
    def variant(self) -> str:
        """What else makes records of it; the same bytes with another one are no duplicate."""
        return "&".join(f"{key}={self.parameters[key]}" for key in _OF_RECORDS if key in self.parameters)


@dataclass(frozen=True)
class ShapeAtPath:
    """What is done at a path. `reader` gets the request and the encoding of its body; `required` is a header and its value."""

    shape: Shape | None
    reader: Callable[[Post, str], Reader]
    max_bytes: int
    status: int
    required: tuple[bytes, bytes] | None = None

    def unpacks(self, post: Post) -> bool:
        """Whether its reader takes the body as it came."""
        return self.shape is LOKI and post.media in _PROTOBUF


def routes(config: JsonReceiverConfig) -> dict[str, ShapeAtPath]:
    """Path → route, of the shapes that are on; a path that ends in `/*` stands for one more part."""
    limit = max_body_size(config)
    found: dict[str, ShapeAtPath] = {}
    for name in config.formats:
        if name == "webhook":
            found[config.webhook.path] = _webhook(config, limit)
            continue
        shape = SHAPES[name]
        most = (config.max_logpush_size or shape.max_bytes) if shape is LOGPUSH else max(limit, shape.max_bytes)
        route = ShapeAtPath(shape, partial(_READERS[name], limit=most), most, shape.status)
        found |= dict.fromkeys(shape.paths, route)
        if shape is DATADOG:
            found["/v1/input/*"] = route  # …/<API key>
    return found


def _webhook(config: JsonReceiverConfig, limit: int) -> ShapeAtPath:
    webhooks = Webhooks(config.webhook)
    header = config.webhook.required_header
    required = (
        (header.key.lower().encode("latin-1"), header.value.get_secret_value().encode("latin-1")) if header else None
    )

    def reader(post: Post, _encoding: str) -> Reader:
        return lambda taking, body: webhooks.read(taking, body, post.headers)

    return ShapeAtPath(None, reader, limit, 200, required)


def _logs(post: Post, _encoding: str, limit: int) -> Reader:  # noqa: ARG001 - one form for all
    if post.media in _MSGPACK:
        return read_msgpack
    return _or_lines(post, loggers.read_logs)


def _datadog(post: Post, _encoding: str, limit: int) -> Reader:  # noqa: ARG001
    said = {key: post.parameters[key] for key in _OF_RECORDS if key in post.parameters}
    return _or_lines(post, partial(loggers.read_datadog, parameters=said))


def _or_lines(post: Post, read: Reader) -> Reader:
    """Plain text that is no JSON is lines."""
    if post.media != "text/plain":
        return read
    return lambda taking, body: (read if body.lstrip()[:1] in (b"{", b"[") else loggers.read_lines)(taking, body)


def _loki(post: Post, encoding: str, limit: int) -> Reader:
    if post.media in _PROTOBUF:
        return partial(loki.read_protobuf_push, encoding=encoding, limit=limit)
    return loki.read_json_push


def _otlp(post: Post, _encoding: str, limit: int) -> Reader:  # noqa: ARG001
    return partial(read_otlp, protobuf=post.media in _PROTOBUF)


def _always(reader: Reader) -> Callable[..., Reader]:
    return lambda _asked, _encoding, limit: reader  # noqa: ARG005


_READERS: Mapping[str, Callable[..., Reader]] = {
    "logs": _logs,
    "loki": _loki,
    "datadog": _datadog,
    "gelf": _always(loggers.read_gelf),
    "cloudflare_logpush": _always(cloudflare.read_logpush),
    "cloudflare_tail": _always(cloudflare.read_tail),
    "otlp": _otlp,
}
