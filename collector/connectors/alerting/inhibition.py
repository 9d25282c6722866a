"""Inhibition: while one alert goes on, others that follow from it tell nobody.

Each alert that some rule names as a source leaves a mark: rule, the labels that must be equal, fingerprint → until when it goes on. So asking
costs one look, however many groups there are. Source: Alertmanager, `inhibit/inhibit.go`: an alert that both sides match is not kept back by
another such, nor by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import xxhash

from collector.component import State
from collector.connectors.alerting.config import InhibitConfig
from collector.connectors.alerting.group import fingerprint
from collector.matchers import Matcher, all_match, parse

_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Rule:
    source: Sequence[Matcher]
    target: Sequence[Matcher]
    equal: Sequence[str]
    mark: bytes

    def prefix(self, labels: Mapping[str, str]) -> bytes:
        values = orjson.dumps([labels.get(name, "") for name in self.equal])
        return b"i/" + self.mark + xxhash.xxh3_64_hexdigest(values).encode() + b"/"


class Inhibition:
    """The rules of one configuration."""

    def __init__(self, rules: Sequence[InhibitConfig]) -> None:
        self._rules = [_rule(one) for one in rules]

    def tell(self, labels: Mapping[str, str], until: int, state: State) -> None:
        """An alert goes on until then; 0: it is over."""
        for rule in self._rules:
            if all_match(rule.source, labels):
                name = rule.prefix(labels) + fingerprint(labels).encode()
                if until:
                    state.put(name, until.to_bytes(_BYTES, "big") + bytes([all_match(rule.target, labels)]))
                else:
                    state.delete(name)

    def keeps_back(self, labels: Mapping[str, str], now: int, state: State) -> bool:
        """Whether an alert follows from one that goes on."""
        return any(all_match(rule.target, labels) and self._sourced(rule, labels, now, state) for rule in self._rules)

    @staticmethod
    def _sourced(rule: _Rule, labels: Mapping[str, str], now: int, state: State) -> bool:
        source_too = all_match(rule.source, labels)
        found = False
        for name, value in state.scan(rule.prefix(labels)):
            if int.from_bytes(value[:_BYTES], "big") <= now:
                state.delete(name)
            elif not (source_too and value[_BYTES]):
                found = True
        return found


def _rule(config: InhibitConfig) -> _Rule:
    source = [one for text in config.source_matchers for one in parse(text)]
    target = [one for text in config.target_matchers for one in parse(text)]
    equal = sorted({"domain", *config.equal})
    mark = xxhash.xxh3_64_hexdigest(orjson.dumps([[str(one) for one in source], [str(one) for one in target], equal]))
    return _Rule(source, target, equal, mark[:8].encode() + b"/")
