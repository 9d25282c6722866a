"""The shipped rules: dated sets of YAML files, and how a configuration's own rules go before them.

A set is a folder `rules/<date>/`; its files are read in the order of their names. A published set is never edited:
a change in judgement is a new date, so that levels change only when an operator says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from processors.triage.config import SERVICE, Rule, RulesConfig, TriageConfig

DEFAULTS = "severity/"
"""Ids of the rules that stand last and say what a severity means; they cannot be disabled."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule in its place: for one domain or all (None), and where it is switched off."""

    rule: Rule
    domain: str | None = None
    except_domains: frozenset[str] = frozenset()
    origin: str = ""


def _root() -> Traversable:
    return files("processors.triage").joinpath("rules")


def set_names() -> list[str]:
    """The dates of the shipped sets, oldest first."""
    return sorted(entry.name for entry in _root().iterdir() if entry.is_dir() and entry.name[:1].isdigit())


def check_set(name: str) -> str:
    """The name, if there is such a set. Raises ValueError."""
    if name not in ("latest", "none", *set_names()):
        raise ValueError(f"there is no rule set {name!r}; there is latest, none, {', '.join(set_names())}")
    return name


@cache
def shipped(name: str) -> Sequence[Rule]:
    """The rules of a set, in order; `none` has only those that say what a severity means."""
    date = set_names()[-1] if name in ("latest", "none") else name
    rules = [rule for path in _files(date) for rule in _read(path)]
    return [rule for rule in rules if name != "none" or rule.id.startswith(DEFAULTS)]


def _files(date: str) -> list[Traversable]:
    folder = _root().joinpath(date)
    return sorted((path for path in folder.iterdir() if path.name.endswith(".yaml")), key=lambda path: path.name)


def _read(path: Traversable) -> list[Rule]:
    """The rules of a file. Conditions and examples are checked by the tests of the product, not at each start."""
    loaded = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return [Rule.model_validate(rule, context={"shipped": True}) for rule in loaded]


def ordered(config: TriageConfig) -> list[Placed]:
    """All rules as they are tried: of domains, own, shipped. An own rule with a shipped id takes the shipped place."""
    standing = shipped(config.rule_set)
    shipped_ids = {rule.id for rule in standing}
    replaced = {rule.id: rule for rule in config.rules if rule.id in shipped_ids}
    placed = [
        Placed(rule, domain=domain, origin=f"domains.{domain}")
        for domain, own in config.domains.items()
        for rule in own.rules
    ]
    placed += [_place(rule, config.domains, "rules") for rule in config.rules if rule.id not in replaced]
    placed += [
        _place(replaced.get(rule.id, rule), config.domains, "rules" if rule.id in replaced else "shipped")
        for rule in standing
    ]
    return [entry for entry in placed if entry.domain is not None or not _disabled(entry.rule.id, config)]


def _place(rule: Rule, domains: Mapping[str, RulesConfig], origin: str) -> Placed:
    off = frozenset(domain for domain, own in domains.items() if _disabled(rule.id, own))
    return Placed(rule, except_domains=off, origin=origin)


def _disabled(rule_id: str, config: RulesConfig) -> bool:
    if rule_id.startswith(DEFAULTS):
        return False
    return any(rule_id == name or (name.endswith("/") and rule_id.startswith(name)) for name in config.disable)


def check_ids(config: TriageConfig) -> None:
    """Refuse a repeated id and a `disable` that names nothing. Raises ValueError."""
    levels: list[tuple[str, RulesConfig]] = [
        ("rules", config),
        *((f"domains.{k}", v) for k, v in config.domains.items()),
    ]
    _check_levels(levels, config.rule_set)
    _check_levels([("service_events", config.service_events)], SERVICE)


def _check_levels(levels: Sequence[tuple[str, RulesConfig]], rule_set: str) -> None:
    known = {rule.id for _, own in levels for rule in own.rules}
    if any(own.disable for _, own in levels):
        known |= {rule.id for rule in shipped(rule_set)}
    for place, own in levels:
        ids = [rule.id for rule in own.rules]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"two rules of {place} have the id {repeated[0]!r}")
        for name in own.disable:
            if name.startswith(DEFAULTS):
                raise ValueError(f"{name!r} cannot be disabled: replace it by a rule of that id")
            if name not in known and not any(name.endswith("/") and other.startswith(name) for other in known):
                raise ValueError(_unknown(name, known))


def _unknown(name: str, known: set[str]) -> str:
    from collector.ottl.problems import nearest

    return f"disable names {name!r}, but there is no such rule{nearest(name, known)}"
