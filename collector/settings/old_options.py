"""Options with names of earlier times, and options that are no more: a sentence for each that was written."""

from __future__ import annotations

from collections.abc import Iterator

from collector.component import Config
from collector.settings.cautions import blocks
from collector.settings.tree import Mapping, Node, Place, locate


def old_options(name: str, config: Config, node: Node) -> Iterator[str]:
    """Those of the component `name`, in its blocks as well."""
    for path, block in blocks(config, name):
        if not isinstance(block, Config) or not (block.former_names or block.removed_options):
            continue
        parts = path.removeprefix(name).strip(".").split(".") if path != name else []
        found = locate(node, [int(part) if part.isdecimal() else part for part in parts], Place())
        written = found.node.entries if isinstance(found.node, Mapping) and len(found.path) == len(parts) else {}
        for old, new in block.former_names.items():
            if old in written:
                yield f'{path}: the option "{old}" is now called "{new}"; the old name still works'
        for old, why in block.removed_options.items():
            if old in written:
                yield f'{path}: the option "{old}" is accepted and does nothing: {why}'
