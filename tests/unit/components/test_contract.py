"""Components keep the contract: whole powers, methods that are called as it says, nothing asked by the core beyond it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import collector.component as contract
from collector.component import BEHAVIOURS, Component, Config, Context, Factory, Instrument, Kind
from collector.delivery.config import DeliveryConfig
from collector.errors import LogboomError
from collector.registry import Registry
from collector.testing.contract import POWERS, misfits, powers_of
from counterparts.typed_contract import CLASSES

ROOT = Path(__file__).parents[3]
FACTORIES = {f"{kind}.{factory.name}": factory for kind in Kind for factory in Registry().factories(kind)}
PROTOCOLS = {name for name in contract.__all__ if getattr(getattr(contract, name), "_is_protocol", False)}


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_built_ins_fit(factory: Factory[Any]) -> None:
    """Every one that the registry knows."""
    assert misfits(factory) == []


def kept_by(protocol: str) -> Iterator[type]:
    """The classes that keep it at run time, where the core asks for it."""
    bases = {base.__name__: kind for kind, base in BEHAVIOURS.items()}
    for factory in FACTORIES.values():
        behaviour = factory.load() if factory.has_behaviour else object
        if (bases.get(protocol) is factory.kind and factory.has_behaviour) or protocol in powers_of(behaviour):
            yield behaviour
        if protocol in powers_of(factory.config) and (protocol != "SpeaksTls" or factory.kind is Kind.EXPORTER):
            yield factory.config
        if protocol == "DeliveryConfig" and factory.kind is Kind.EXPORTER:
            yield factory.config


@pytest.mark.parametrize(
    "protocol", sorted(CLASSES.keys() | {each.__name__ for each in (*POWERS, *BEHAVIOURS.values())})
)
def test_the_type_checker_sees_them_all(protocol: str) -> None:
    """counterparts/typed_contract.py, which mypy reads, names the same classes."""
    assert set(CLASSES.get(protocol, ())) == set(kept_by(protocol))


def test_each_protocol_is_told_to_whoever_writes_a_component() -> None:
    """In CONTRIBUTING.md; and what its table tells is there."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert {name for name in PROTOCOLS if f"`{name}`" not in text} == set()
    table = set(re.findall(r"^\| `(\w+)` \| (?:an?|options of an?) ", text, re.MULTILINE))
    assert table == {power.__name__ for power in POWERS}
    assert {power.__name__ for power in POWERS} <= set(contract.__all__)
    assert [name for name in PROTOCOLS if not getattr(contract, name).__doc__] == []


class Fine:
    """An exporter that fits, to be spoilt."""

    def __init__(self, config: Config, context: Context) -> None: ...

    async def start(self): ...

    def encode(self, batch): ...

    async def send(self, request): ...

    def classify(self, answer): ...

    async def shutdown(self): ...


class FineConfig(DeliveryConfig):
    """Its options."""


def spoilt(**members: Any) -> type:
    return type("Fine", (Fine,), members)


def options(**members: Any) -> type[Config]:
    return type("FineConfig", (FineConfig,), members)


def factory_of(behaviour: type = Fine, config: type[Config] = FineConfig, **more: Any) -> Factory[Any]:
    class Loaded(Factory):
        def load(self) -> type:
            return behaviour

    return Loaded(Kind.EXPORTER, "fine", config, "some:Thing", "a sample", **more)


async def coroutine(self, *_: Any) -> None: ...


NO_CLASSIFY = type("Fine", (), {name: each for name, each in vars(Fine).items() if name != "classify"})
WRONG: dict[str, tuple[Factory[Any], str]] = {
    "a method of its kind is missing": (factory_of(NO_CLASSIFY), "Fine has no `classify` (Exporter)"),
    "fewer arguments": (factory_of(spoilt(encode=lambda self: None)), "Fine.encode: too many positional"),
    "other names": (factory_of(spoilt(encode=lambda self, records: None)), "Fine.encode: missing a required argument: 'records'"),
    "one more that must be given": (
        factory_of(spoilt(send=lambda self, request, now: None)), "Fine.send: async, or not, as in the contract",
    ),
    "async where it is not awaited": (factory_of(spoilt(classify=coroutine)), "Fine.classify: async, or not"),
    "a value instead of a method": (factory_of(spoilt(encode_payloads=3)), "Fine.encode_payloads: a method, not a value"),
    "a power that is called otherwise": (
        factory_of(spoilt(encode_payloads=lambda self: b"")), "Fine.encode_payloads: too many positional",
    ),
    "half a power": (
        factory_of(config=options(open_to_others=lambda self: {})), "FineConfig has no `allow_anonymous` (OpenToOthers)",
    ),
    "half a power that goes on from another": (
        factory_of(spoilt(order_by=lambda self, batch: None, receipts_for_secs=1.0)), "Fine has no `encode_with` (KeepsReceipts)",
    ),
    "a power of options on the behaviour": (
        factory_of(spoilt(listens_on=lambda self: [])), "Fine.listens_on: it is asked of the options (Listens)",
    ),
    "what the base of options has is called otherwise": (
        factory_of(config=options(quota=lambda self: None)), "FineConfig.quota: too many positional",
    ),
    "options of another kind": (factory_of(config=type("Mine", (Config,), {})), "Mine: the options of an exporter derive"),
    "made with something else": (
        factory_of(spoilt(__init__=lambda self, config: None)), "Fine: it is made with (config, context)",
    ),
    "counters that nobody declared": (factory_of(spoilt(counters=lambda self: {})), "`counters` and the exporter's `counters()`"),
    "declared, and not counted": (
        factory_of(counters=(Instrument("rows", "{rows}", "Rows."),)), "`counters` and the exporter's `counters()`",
    ),
    "a counter with a name of no metric": (
        factory_of(spoilt(counters=lambda self: {}), counters=(Instrument("Rows-Out", "{rows}", "Rows."),)),
        "counter 'Rows-Out': words of lower case",
    ),
    "no behaviour": (Factory(Kind.EXPORTER, "fine", FineConfig, "", "a sample"), "fine: no behaviour"),
}  # fmt: skip


@pytest.mark.parametrize(("factory", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_said(factory: Factory[Any], said: str) -> None:
    """One sentence, with the class, the method and the protocol."""
    (found,) = misfits(factory)
    assert said in found


def test_only_who_is_sent_records_takes_events() -> None:
    """An extension that says so would wait for ever."""
    methods = dict.fromkeys(("start", "reload", "shutdown"), lambda self: None)
    extension = type("Ext", (), {"__init__": Fine.__init__, "takes_events": ("*",), **methods})
    told = misfits(replace(factory_of(extension, Config), kind=Kind.EXTENSION))
    assert told == ["Ext: TakesEvents is asked of connectors, exporters, processors"]


def test_what_lacks_a_method_is_not_started(tmp_path: Path) -> None:
    """A sentence at the start, not a surprise at the first answer."""
    with pytest.raises(
        LogboomError, match=r"exporters.fine/a: some:Thing has no classify: collector.component.Exporter asks"
    ):
        factory_of(NO_CLASSIFY).create(FineConfig(), Context("fine/a", tmp_path))


FITS: dict[str, Callable[[], Factory[Any]]] = {
    "as it is": factory_of,
    "more than is asked, with defaults": lambda: factory_of(spoilt(encode=lambda self, batch, pretty=False: None)),
    "with a power": lambda: factory_of(spoilt(encode_payloads=lambda self, payloads: b"")),
    "with numbers that are declared": lambda: factory_of(
        spoilt(counters=lambda self: {}), counters=(Instrument("rows", "{rows}", "Rows."),)
    ),
    "one of two powers that go on from one another": lambda: factory_of(spoilt(order_by=lambda self, batch: None)),
    "a power of several kinds": lambda: factory_of(spoilt(takes_events=("logboom.*",))),
    "a power whole": lambda: factory_of(
        config=options(open_to_others=lambda self: {}, allow_anonymous=property(lambda self: True))
    ),
}


@pytest.mark.parametrize("make", FITS.values(), ids=FITS)
def test_what_fits_is_silent(make: Callable[[], Factory[Any]]) -> None:
    """No sentence."""
    assert misfits(make()) == []


def test_a_component_may_be_of_any_options() -> None:
    """Settings hold exporters with the options of exporters; whoever walks over all sections sees `Config`."""
    component: Component[Config] = Component("fine", factory_of(), FineConfig())
    assert component.config.destination() == ""
