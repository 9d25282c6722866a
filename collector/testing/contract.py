"""Does a component keep the contract? For the tests of whoever writes one, and for our own of all built-ins.

    assert misfits(FACTORY) == []

What a type checker sees is seen here, too, of classes that none has checked; and half powers, which none can see.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from collector.component import (
    BEHAVIOURS,
    Counting,
    Factory,
    ForgetsSubjects,
    Kind,
    Republishes,
    TakesCommands,
    TakesEvents,
    Ticking,
)
from collector.component.powers import exporters, extensions, options, receivers, steps
from collector.delivery.config import DeliveryConfig
from collector.reserved import APPLIED, COMMANDS, REFUSED

POWERS = [
    each
    for module in (exporters, extensions, options, receivers, steps)
    for each in vars(module).values()
    if getattr(each, "_is_protocol", False) and each.__module__ == module.__name__
]
"""All that a component may have beyond its kind."""
_OF_SEVERAL: dict[Any, frozenset[Kind]] = {
    TakesEvents: frozenset({Kind.PROCESSOR, Kind.EXPORTER, Kind.CONNECTOR}),
    Ticking: frozenset({Kind.PROCESSOR, Kind.CONNECTOR}),
    Republishes: frozenset({Kind.PROCESSOR, Kind.CONNECTOR}),
    TakesCommands: frozenset({Kind.PROCESSOR, Kind.CONNECTOR}),
    ForgetsSubjects: frozenset({Kind.PROCESSOR, Kind.CONNECTOR}),
}
"""Powers that behaviours of more than one kind may have."""
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def misfits(factory: Factory[Any]) -> list[str]:
    """What of a component is not as `collector.component` says, a sentence each."""
    found = [*_of_options(factory.config, factory.kind), *_of_counters(factory), *_of_commands(factory)]
    if factory.has_behaviour:
        found += _of_behaviour(factory.load(), factory.kind)
    elif factory.kind in (Kind.RECEIVER, Kind.EXPORTER, Kind.CONNECTOR):
        found.append(f"{factory.name}: no behaviour")
    return found


def powers_of(component: type) -> set[str]:
    """The names of the powers that a class of behaviours or of options has."""
    return {power.__name__ for power in POWERS if all(_has(component, name) for name in _members(power))}


def _of_options(config: type, kind: Kind) -> Iterator[str]:
    yield from _halves(config, [power for power in POWERS if _of_the_options(power)])
    if kind is Kind.EXPORTER and not issubclass(config, DeliveryConfig):
        yield f"{config.__name__}: the options of an exporter derive from DeliveryConfig"
    elif kind is Kind.EXPORTER:
        yield from _unlike(
            config, DeliveryConfig, [name for name, each in vars(DeliveryConfig).items() if inspect.isfunction(each)]
        )


def _of_behaviour(behaviour: type, kind: Kind) -> Iterator[str]:
    base = BEHAVIOURS.get(kind)
    if base is not None:
        yield from _unlike(behaviour, base, _members(base))
    yield from _halves(
        behaviour, [power for power in POWERS if base in power.__mro__ or kind in _OF_SEVERAL.get(power, ())]
    )
    for power, kinds in _OF_SEVERAL.items():
        if kind not in kinds and any(_has(behaviour, name) for name in _members(power)):
            yield f"{behaviour.__name__}: {power.__name__} is asked of {', '.join(sorted(kinds))}"
    for power in POWERS:
        for name in _members(power) if _of_the_options(power) else ():
            if _has(behaviour, name):
                yield f"{behaviour.__name__}.{name}: it is asked of the options ({power.__name__})"
    try:
        inspect.signature(behaviour).bind("config", "context")
    except TypeError as error:
        yield f"{behaviour.__name__}: it is made with (config, context): {error}"


def _of_counters(factory: Factory[Any]) -> Iterator[str]:
    counts = factory.has_behaviour and Counting.__name__ in powers_of(factory.load())
    if counts != bool(factory.counters):
        yield f"{factory.name}: the factory's `counters` and the exporter's `counters()` need each other"
    for each in factory.counters:
        if not _NAME.fullmatch(each.name):
            yield f"{factory.name}: counter {each.name!r}: words of lower case joined by _"


def _of_commands(factory: Factory[Any]) -> Iterator[str]:
    takes = factory.has_behaviour and TakesCommands.__name__ in powers_of(factory.load())
    if takes != bool(factory.takes_commands):
        yield f"{factory.name}: the factory's `takes_commands` and the component's `command()` need each other"
    for name in factory.takes_commands:
        if not name.startswith(COMMANDS) or name in (APPLIED, REFUSED):
            yield f"{factory.name}: {name!r} is not the name of a command: {COMMANDS}…"


def _halves(component: type, asked: list[Any]) -> Iterator[str]:
    """A power of which some is there: it must be all there, and as it is called."""
    for power in asked:
        own = [name for name in _members(power) if not _base(power) or name not in _members(_base(power))]
        if any(_has(component, name) for name in vars(power) if name in own):
            yield from _unlike(component, power, own)


def _unlike(component: type, contract: type, names: list[str]) -> Iterator[str]:
    for name in names:
        theirs = inspect.getattr_static(component, name, None)
        ours = inspect.getattr_static(contract, name)
        if not _has(component, name):
            yield f"{component.__name__} has no `{name}` ({contract.__name__})"
        elif inspect.isfunction(ours):
            unfit = _unfit(ours, theirs)
            if unfit:
                yield f"{component.__name__}.{name}: {unfit} ({contract.__name__})"
        elif inspect.isfunction(theirs):
            yield f"{component.__name__}.{name}: a value, not a method ({contract.__name__})"


def _unfit(ours: Any, theirs: Any) -> str:
    """Why a method can't be called as the contract says: by position and by name."""
    if not callable(theirs):
        return "a method, not a value"
    if inspect.iscoroutinefunction(ours) != inspect.iscoroutinefunction(theirs):
        return "async, or not, as in the contract"
    given = inspect.signature(theirs)
    wanted = list(inspect.signature(ours).parameters.values())
    by_place = [each.name for each in wanted if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    by_name = {each.name: None for each in wanted if each.kind is inspect.Parameter.KEYWORD_ONLY}
    try:
        given.bind(*by_place, **by_name)
        given.bind("self", **dict.fromkeys(by_place[1:]), **by_name)
    except TypeError as error:
        return str(error)
    return ""


def _members(contract: type) -> list[str]:
    """The public names of a protocol and of those that it extends."""
    protocols = [each for each in contract.__mro__ if getattr(each, "_is_protocol", False)]
    return [name for each in protocols for name in vars(each) if not name.startswith("_")]


def _of_the_options(power: type) -> bool:
    return not _base(power) and power not in _OF_SEVERAL


def _base(power: type) -> Any:
    return next((base for base in BEHAVIOURS.values() if base in power.__mro__), None)


def _has(component: type, name: str) -> bool:
    """In the class, or among the fields of a model; what `__init__` alone sets is not seen."""
    return hasattr(component, name) or name in getattr(component, "model_fields", {})
