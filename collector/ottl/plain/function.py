"""How a converter is declared: its parameters as OTTL has them, and a function of plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.getters import Getter

Constants = Mapping[str, Any]


class ArgumentError(ValueError):
    """A literal argument is wrong: refused before anything runs. `parameter` names which."""

    def __init__(self, parameter: str, reason: str) -> None:
        self.parameter = parameter
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    Args:
        name: as OTTL has it, for named arguments.
        getter: what is made of the value; of each item where it is `items`.
        optional: it may be left out; then it is `default`, which no getter sees.
        items: a list of values that are evaluated one by one: `[body, attributes["x"]]`.
        literal: it must be written out, so that it can be refused before anything runs.
    """

    name: str
    getter: Getter = getters.value
    optional: bool = False
    default: Any = None
    items: bool = False
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A converter.

    Args:
        name: as it is written.
        parameters: in order.
        call: gets one argument for each parameter.
        check: looks at the arguments that are literals, by name; raises `ArgumentError`.
        volatile: another value for each record, however alike (`UUID`, `Now`).
        costly: what it made of an argument is kept for the statements that ask again (`ParseJSON`).
    """

    name: str
    parameters: tuple[Parameter, ...]
    call: Callable[..., Any]
    check: Callable[[Constants], None] | None = None
    volatile: bool = False
    costly: bool = False


@dataclass(slots=True)
class Registry:
    """The converters of one subject."""

    functions: dict[str, Function] = field(default_factory=dict)

    def add(
        self, name: str, *parameters: Parameter, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares the decorated function as a converter."""

        def register(call: Callable[..., Any]) -> Callable[..., Any]:
            self.functions[name] = Function(name, parameters, call, **options)
            return call

        return register


TARGET = Parameter("target")
TEXT_TARGET = Parameter("target", getters.string)
