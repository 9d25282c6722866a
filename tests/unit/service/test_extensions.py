"""The extensions of a process: who is made, when each is started, looked after and ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.component import Component, Config, Context, Factory, Kind
from collector.errors import LogboomError
from collector.service.extensions import Extensions

HISTORY: list[str] = []


class SampleConfig(Config):
    """Which other one it needs, and what fails."""

    needs: str = ""
    """An id."""
    fails: str = ""
    """`start` or `reload`."""


class Sample:
    """Writes down what happens to it."""

    def __init__(self, config: SampleConfig, context: Context) -> None:
        self.id, self._fails = context.id, config.fails
        HISTORY.append(f"{self.id} made")
        if config.needs:
            context.extensions[config.needs]

    def start(self) -> None:
        self._do("start")

    def reload(self) -> None:
        self._do("reload")

    def shutdown(self) -> None:
        self._do("shutdown")

    def _do(self, what: str) -> None:
        HISTORY.append(f"{self.id} {what}")
        if what == self._fails:
            raise LogboomError(f"{self.id} fails")


FACTORY: Factory[Any] = Factory(Kind.EXTENSION, "sample", SampleConfig, f"{__name__}:Sample", "a sample")


def made(**options: dict[str, str]) -> Extensions:
    HISTORY.clear()
    configured: dict[str, Component[Config]] = {
        ident: Component(ident, FACTORY, SampleConfig(**given)) for ident, given in options.items()
    }
    return Extensions(configured, Path())


def test_life_cycle():
    """Made when asked for and once; one that another needs starts before it and ends after it; others are never made."""
    extensions = made(other={}, first={"needs": "second"}, second={})
    assert extensions["first"] is extensions["first"]
    extensions.start()
    extensions.reload()
    extensions.shutdown()
    extensions.shutdown()
    order = [line for line in HISTORY if "reload" not in line]
    assert order == [
        "first made", "second made", "second start", "first start", "first shutdown", "second shutdown",
    ]  # fmt: skip
    assert {line for line in HISTORY if "reload" in line} == {"first reload", "second reload"}


def test_an_unknown_one():
    """Whoever asks for what is not configured is told at once."""
    with pytest.raises(KeyError):
        made(other={})["first"]


def test_one_that_cannot_start():
    """The process does not start, and what has started can be ended."""
    extensions = made(first={"fails": "start"})
    extensions["first"]
    with pytest.raises(LogboomError, match="first fails"):
        extensions.start()
    extensions.shutdown()
    assert HISTORY[-1] == "first shutdown"


def test_one_that_cannot_reload(caplog):
    """The others go on, and the log says it once."""
    extensions = made(first={"fails": "reload"}, second={})
    for ident in extensions:
        extensions[ident]
    for _ in range(3):
        extensions.reload()
    assert HISTORY.count("second reload") == 3
    assert [record.message for record in caplog.records] == ["first: what has changed can't be taken over"]
