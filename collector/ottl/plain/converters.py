"""All converters by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from collector.ottl.plain.function import Function

LAMBDAS = ("All", "Any", "Filter", "Find", "MapEach", "MapKeys", "Reduce", "When")
"""Converters of OTTL that take a function written in place: not possible here."""


@cache
def converters() -> Mapping[str, Function]:
    """Read at the first use: some stand on libraries that few configurations need."""
    from collector.ottl.plain.agents import AGENTS
    from collector.ottl.plain.containers import COLLECTIONS
    from collector.ottl.plain.devices import DEVICES
    from collector.ottl.plain.grok import GROK
    from collector.ottl.plain.hashes import HASHES
    from collector.ottl.plain.markup import XML
    from collector.ottl.plain.numeric import NUMBERS
    from collector.ottl.plain.parsing import PARSING
    from collector.ottl.plain.strings import STRINGS
    from collector.ottl.plain.times import TIMES

    registries = (STRINGS, NUMBERS, HASHES, COLLECTIONS, PARSING, GROK, TIMES, XML, AGENTS, DEVICES)
    return {name: function for registry in registries for name, function in registry.functions.items()}
