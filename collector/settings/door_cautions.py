"""What of a listener's door, or of its keys, is allowed and seldom meant; each sentence says where it stands, and what cures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, SecretStr

from collector.component import Cautions, Kind, WantsOfListeners
from collector.domains.keys import PATTERN
from collector.settings.cautions import blocks
from collector.settings.model import Settings
from collector.settings.tree import Entry, Node, Place, Scalar, at, locate, scalars
from collector.transport.endpoint import Endpoint
from collector.transport.grpc_server_config import GrpcServerConfig
from collector.transport.http_server_config import HttpServerConfig

_ENVIRONMENT = "write ${env:NAME} or ${file:PATH} in its place"
_CREDENTIALS = (Kind.RECEIVER, Kind.EXTENSION)


def door_cautions(settings: Settings, trees: Mapping[str, Entry]) -> Iterator[str]:
    """Of the components that run. `trees`: name (`receivers.otlp`) → its options as they were written."""
    for kind in Kind:
        for ident, component in settings.components(kind).items():
            name = f"{kind}.{ident}"
            node = trees[name].node
            yield from _keys_in_clear(name, node)
            if kind in _CREDENTIALS:
                yield from _secrets_in_clear(name, component.config, node)
            for path, block in blocks(component.config, name):
                if isinstance(block, GrpcServerConfig | HttpServerConfig) and block.auth is not None:
                    yield from _of_listener(path, block, _place(node, name, path))
                    yield from _wanted(settings, path, block, _place(node, name, path))
            if isinstance(component.config, Cautions):
                for option, sentence in component.config.cautions().items():
                    yield f"{name}.{option}: {sentence}{at(_place(node, name, f'{name}.{option}'))}"


def _wanted(settings: Settings, path: str, block: GrpcServerConfig | HttpServerConfig, place: Place) -> Iterator[str]:
    """What its authenticator misses there."""
    asked = settings.extensions.get(block.auth.authenticator) if block.auth is not None else None
    if asked is not None and isinstance(asked.config, WantsOfListeners) and (lacks := asked.config.missing(block.tls)):
        yield f"{path}: {asked.id} asks for what does not come: {lacks}{at(place)}"


def _of_listener(path: str, block: GrpcServerConfig | HttpServerConfig, place: Place) -> Iterator[str]:
    """One that asks who sends."""
    if block.tls is None and not Endpoint.parse(block.endpoint, block.transport).is_local:
        yield (
            f"{path}: credentials come to {block.endpoint} in clear text, and whoever is on the way can take them: add tls "
            f"(cert_file, key_file), or listen on localhost behind a proxy that ends TLS{at(place)}"
        )
    if isinstance(block, HttpServerConfig) and block.cors is not None and "*" in block.cors.allowed_origins:
        yield (
            f"{path}.cors.allowed_origins: * lets any web page send with a credential that it knows: name the pages, and give them "
            f"keys of kind browser, never secret ones{at(place)}"
        )


def _keys_in_clear(name: str, node: Node) -> Iterator[str]:
    """One of our keys, wherever it stands."""
    for key, scalar in scalars(node, name):
        if not scalar.origin and PATTERN.search(scalar.text):
            yield f"{name}: the option {key} holds an API key in clear text: {_ENVIRONMENT}{at(scalar.place)}"


def _secrets_in_clear(name: str, config: BaseModel, node: Node) -> Iterator[str]:
    """What authenticators know."""
    for path, block in blocks(config, name):
        for field in type(block).model_fields:
            value = getattr(block, field)
            secrets = value if isinstance(value, list) else [value]
            if not any(isinstance(secret, SecretStr) and secret.get_secret_value() for secret in secrets):
                continue
            found = locate(node, [*_below(name, path), field], node.place).node
            written = [scalar for _, scalar in scalars(found, field) if isinstance(scalar, Scalar)]
            if any(scalar.text and not scalar.origin and not PATTERN.search(scalar.text) for scalar in written):
                yield f"{path}.{field} stands in the configuration in clear text: {_ENVIRONMENT}{at(found.place)}"


def _place(node: Node, name: str, path: str) -> Place:
    return locate(node, _below(name, path), node.place).node.place


def _below(name: str, path: str) -> list[str | int]:
    parts = path.removeprefix(name).strip(".").split(".") if path != name else []
    return [int(part) if part.isdigit() else part for part in parts]
