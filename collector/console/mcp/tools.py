"""What can be called, by name: a model of its arguments, and a function that answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collector.console.asking import scope_of
from collector.console.mcp.answers import Answer
from collector.console.parts import Parts
from collector.console.reads import named
from collector.console.refusal import Refused
from collector.console.stores import Question, T
from collector.console.visitor import Visitor
from collector.scope import Scope
from collector.store.reading import NoStore

PATH = "/mcp"
_MARGIN_SECS = 0.5


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, of which console."""

    parts: Parts
    visitor: Visitor

    async def ask(self, scope: Scope, question: Question[T], *, plain: bool = False) -> T:
        """A question to the store, within the time of the console's options. `plain`: see `Stores.ask`. Raises `Refused`, `NoStore`."""
        stores, secs = self.parts.stores, self.parts.options.query_timeout + _MARGIN_SECS
        if stores is None:
            raise NoStore("no pipeline has an exporter whose store can be read: sqlite")
        return await stores.ask(scope, question, secs, plain=plain)

    def scope(self, domain: str) -> Scope:
        """Of the domain, within what they may see. Raises `NotFound`."""
        return scope_of({"domain": domain}, self.visitor)[0]


class Arguments(BaseModel):
    """What is given, and nothing else."""

    model_config = ConfigDict(extra="forbid")

    domain: Annotated[
        str, Field(max_length=253, description="Of this domain alone; of all that you may see without it.")
    ] = ""


class OfTime(Arguments):
    """Of a time."""

    since: Annotated[
        str, Field(max_length=40, description="`now-1h`, `now-7d`, RFC 3339, or nanoseconds since 1970.")
    ] = ""
    until: Annotated[str, Field(max_length=40, description="As `since`; the end is no part of it.")] = "now"

    def parameters(self) -> dict[str, str]:
        """As a URL of the console has them."""
        given = {"domain": self.domain, "from": self.since, "to": self.until, "q": getattr(self, "query", "")}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Tool:
    """Of one name. `changes`: it is there where the options allow decisions."""

    name: str
    says: str
    arguments: type[BaseModel]
    answer: Callable[[Caller, Any], Awaitable[Answer]]
    changes: bool = False


async def call(tools: dict[str, Tool], caller: Caller, name: str, given: dict[str, Any]) -> Answer:
    """Raises `Refused`: there is no such tool, those are no arguments of it, or the question is refused."""
    if name not in tools:
        raise Refused(404, f"there is no tool {name!r}: there is {', '.join(tools)}")
    tool = tools[name]
    named(f"{PATH} {name}")
    try:
        arguments = tool.arguments.model_validate(given)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
        raise Refused(400, f"{name}: {said}") from error
    return await tool.answer(caller, arguments)
