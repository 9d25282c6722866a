"""What options of a remote configuration reach of this machine: its files, variables of its environment, its credentials."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from collector.settings.tree import Listing, Node, Scalar
from collector.settings.tree import Mapping as Tree

_FILE = re.compile(
    r"(?!ca_file$)(?:\w*_file|files?|filename|directory|\w*_(?:file|ca|root|config)_path|root_path|output_paths|socket)"
)
_HERE = re.compile(r"(?:unix|file):|[/~.]")
_CALL = re.compile(r"\b(?:env|os_env_func)\s*\(")
_NAMED = re.compile(r"""\b(?:env|os_env_func)\s*\(\s*(["'`])([A-Za-z_][A-Za-z0-9_]*)\1\s*\)""")
_NODE = re.compile(r"\w*NODE(?:_?NAME)?")
"""Variables that name the node alone, as a pod's specification sets them."""


def options(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """Each single value with the names of the options above it."""
    if isinstance(node, Tree):
        for option, entry in node.entries.items():
            yield from options(entry.node, (*path, option))
    elif isinstance(node, Listing):
        for item in node.items:
            yield from options(item, path)
    else:
        yield path, node


def names_file(path: tuple[str, ...], text: str) -> bool:
    """Whether an option names a file of this machine, by its name, or an address that is none of a network."""
    by_name = any(_FILE.fullmatch(part) for part in path)
    return by_name or (path[-1:] in (("endpoint",), ("address",), ("listen_address",)) and bool(_HERE.match(text)))


def is_told_our_token(type_name: str, path: tuple[str, ...]) -> bool:
    """Whether it says to which API server of Kubernetes the token of this machine's service account goes."""
    return path[-1:] == ("endpoint",) and (type_name.startswith("k8s") or "k8s" in path)


def variable_named(path: tuple[str, ...], text: str, may: Collection[str]) -> bool:
    """Whether an option, or an expression of an operator, reads a variable of the environment that is none of `may`."""
    if path[-1:] and path[-1].endswith("_env_var"):
        return bool(text) and text not in may and not _NODE.fullmatch(text)
    if "operators" not in path:
        return False
    left = _NAMED.sub(lambda call: "" if call[2] in may else call[0], text)
    return bool(_CALL.search(left))
