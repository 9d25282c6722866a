"""The ids that a file names: lists of pipelines, `service.extensions`, and extensions that options name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.component import Kind, Use
from collector.errors import Problem
from collector.settings.ids import parse_id
from collector.settings.references import PipelineLists, Reference
from collector.settings.tree import Listing, Mapping, Node, Scalar


def named(pipelines: Sequence[PipelineLists], extensions: Sequence[Reference]) -> set[str]:
    """All ids that pipelines and `service.extensions` name."""
    lists = [part for each in pipelines for part in (each.receivers, each.processors, each.exporters)]
    return {reference.id for part in (*lists, extensions) for reference in part}


def child(node: Node, key: str) -> Node | None:
    """What stands under a key, if it does."""
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return entry.node if entry else None


def pipelines(node: Node | None) -> tuple[list[PipelineLists], list[Problem]]:
    """`service.pipelines`, and what is wrong with their ids."""
    lists: list[PipelineLists] = []
    problems: list[Problem] = []
    for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
        try:
            ident = str(parse_id(key))
        except ValueError as error:
            problems.append(Problem(f"service::pipelines: {error}", *entry.place, code="config/invalid-id"))
            continue
        parts = [references(child(entry.node, part)) for part in ("receivers", "processors", "exporters")]
        lists.append(PipelineLists(ident, entry.place, *parts))
    return lists, problems


def references(node: Node | None) -> list[Reference]:
    """The ids of a list; `a, b` in one string is a list too."""
    items = node.items if isinstance(node, Listing) else [node]
    found = [item for item in items if isinstance(item, Scalar) and item.text]
    return [
        Reference(_canonical(part), item.place, item.origin)
        for item in found
        for part in item.text.split(",")
        if part.strip()
    ]


def _canonical(text: str) -> str:
    try:
        return str(parse_id(text))
    except ValueError:
        return text.strip()


def extension_references(kind: Kind, node: Node) -> Iterator[tuple[Use, Reference]]:
    """The extensions that a component's options name, and what for."""
    side = Use.SERVER_AUTHENTICATOR if kind == Kind.RECEIVER else Use.CLIENT_AUTHENTICATOR
    for use, parent, key in (
        (Use.STORAGE, "sending_queue", "storage"),
        (Use.ACKNOWLEDGEMENT, "ack", "extension"),
        (side, "auth", "authenticator"),
        (Use.CLIENT_AUTHENTICATOR, "sasl", "oauthbearer_token_source"),
        (Use.SERVER_AUTHENTICATOR, "login", "authenticators"),
    ):
        yield from ((use, reference) for reference in _references_below(node, parent, key))
    if kind == Kind.EXTENSION:
        yield from ((side, reference) for reference in references(child(node, "additional_auth")))
        for transport in ("ws", "http"):  # of opamp: the id alone
            connection = child(child(node, "server") or node, transport)
            yield from ((side, reference) for reference in references(connection and child(connection, "auth")))


def _references_below(node: Node, parent: str, key: str) -> Iterator[Reference]:
    if not isinstance(node, Mapping):
        return
    for name, entry in node.entries.items():
        if name == parent:
            yield from references(child(entry.node, key))
        else:
            yield from _references_below(entry.node, parent, key)
