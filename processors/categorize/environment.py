"""`deployment.environment.name`, normalised to development, test, staging or production.

An attribute that names the environment decides alone, also when its value means nothing to us: unknown stays unknown.
Only without one do the names of namespaces, services and hosts count, by whole words (`shop-prod-eu1`, never `product`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from collector.columns.memo import Memo, each
from processors.categorize import first_look, layouts
from processors.categorize.forms import Forms
from processors.categorize.view import Clue, View

ATTRIBUTE = "deployment.environment.name"
EXPLICIT = (
    "deployment.environment.name",
    "deployment.environment",
    "environment",
    "env",
    "ENV",
    "NODE_ENV",
    "APP_ENV",
    "RAILS_ENV",
    "ASPNETCORE_ENVIRONMENT",
    "DOTNET_ENVIRONMENT",
    "spring.profiles.active",
    "stage",
    "tier.environment",
)
NAMES = (
    "k8s.namespace.name",
    "service.namespace",
    "k8s.cluster.name",
    "cloud.account.name",
    "service.name",
    "host.name",
    "k8s.node.name",
    "server.address",
)
UNKNOWN = ""

_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("development", "develop", "dev", "devel", "local", "localhost", "sandbox"), "development"),
    **dict.fromkeys(("test", "testing", "tst", "qa", "ci", "e2e", "integration", "qas", "sit"), "test"),
    **dict.fromkeys(("staging", "stage", "stg", "uat", "preprod", "preproduction", "ppe", "canary"), "staging"),
    **dict.fromkeys(("production", "prod", "prd", "prod-eu", "live"), "production"),
}
_LOOSE = frozenset({"local", "localhost", "ci", "integration", "stage", "live", "sit", "sandbox", "canary"})
"""Too common as a part of a name to count there; as an environment's own name they do."""
_NEGATED = re.compile(r"\bnon[-_. ]?prod(uction)?\b|\bnot[-_. ]prod")
_PRE = re.compile(r"\bpre[-_. ]?prod(uction)?\b")
_SEPARATORS = re.compile(r"[^a-z]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def explicit(house: Mapping[str, str]) -> Memo[str, str | None]:
    """The environment that an attribute's value names; `UNKNOWN` when it names another one. `house`: more names."""
    house = {name.lower(): environment for name, environment in house.items()}

    def answer(value: str) -> str | None:
        text = value.strip().lower()
        if not text:
            return None
        return house.get(text) or _WORDS.get(text) or _by_words(text, frozenset()) or UNKNOWN

    return each(answer)


def by_name(value: str) -> str | None:
    """The environment in the name of a namespace, service or host."""
    return _by_words(_CAMEL.sub("-", value).lower(), _LOOSE)


def _by_words(text: str, ignored: frozenset[str]) -> str | None:
    if _NEGATED.search(text):
        return None
    if _PRE.search(text):
        return "staging"
    found = {_WORDS[word] for word in _SEPARATORS.split(text) if word in _WORDS and word not in ignored}
    return found.pop() if len(found) == 1 else None


def _channel(name: str) -> str | None:
    found = layouts.environment(name)
    return None if found is None else _WORDS.get(found)


_by_name = each(by_name)
_by_channel = Forms(layouts.LARAVEL, {"environment": _channel})


def clues(view: View, named: Memo[str, str | None]) -> Iterator[Clue]:
    """Record attributes, resource attributes, Laravel's channel, then names. `named`: see `explicit`."""
    yield from view.attribute_clues(EXPLICIT[:5], named)
    yield from view.resource_clues(EXPLICIT, named)
    said = view.said("environment")
    if said is not None:
        yield Clue("channel in a JSON body", said, named)
    channels = view.holding(first_look.CHANNEL)
    if channels is not None:
        yield Clue("channel of Laravel", channels, _by_channel)
    yield from view.resource_clues(NAMES, _by_name)
