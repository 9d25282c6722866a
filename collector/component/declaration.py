"""What a component says of itself: its factory, its options, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from collector.component.background import Helpers
from collector.component.behaviour import Connector, Exporter, Extension, Processor, Receiver
from collector.component.figures import Figure
from collector.encryption import Keys
from collector.errors import LogboomError
from collector.holds import NO_HOLDS, Holds
from collector.signed_links import Signer


class Kind(StrEnum):
    """The sections of a configuration that hold components."""

    RECEIVER = "receivers"
    PROCESSOR = "processors"
    EXPORTER = "exporters"
    CONNECTOR = "connectors"
    EXTENSION = "extensions"


BEHAVIOURS: dict[Kind, type] = {
    Kind.RECEIVER: Receiver, Kind.PROCESSOR: Processor, Kind.EXPORTER: Exporter, Kind.CONNECTOR: Connector,
    Kind.EXTENSION: Extension,
}  # fmt: skip
"""What an instance of each kind must do."""


class Standing(IntEnum):
    """How the exporters of a pipeline are, and of all that it feeds: the worst of them."""

    WELL = 0
    REPEATING = 1
    """One has to send requests again."""
    BLOCKED = 2
    """One is refused everything."""
    FULL = 3
    """One has so much to send that it stops whoever feeds it."""


class Use(StrEnum):
    """What other components may name an extension for."""

    SERVER_AUTHENTICATOR = "an authenticator of senders"
    CLIENT_AUTHENTICATOR = "an authenticator of exporters"
    STORAGE = "a storage"
    ACKNOWLEDGEMENT = "an acknowledgement of requests by number"


class Config(BaseModel):
    """Base of every component's options: frozen, unknown keys refused, each field described by the text under it
    (`collector.settings.descriptions`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    former_names: ClassVar[Mapping[str, str]] = {}
    """Old name → name of options that were renamed, or moved into a block (`tls.insecure`); the old ones are still taken, and `validate`
    tells the new."""
    removed_options: ClassVar[Mapping[str, str]] = {}
    """Options that the OpenTelemetry Collector or distributions of it once had → what to know: they are accepted, told, and do nothing."""

    @model_validator(mode="before")
    @classmethod
    def _by_present_names(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or not (cls.former_names or cls.removed_options):
            return given
        present = {
            name: value for name, value in given.items() if name not in {*cls.removed_options, *cls.former_names}
        }
        for old, new in cls.former_names.items():
            if old in given:
                _put(present, old, new, given[old])
        return present


def _put(present: dict[str, Any], old: str, new: str, value: Any) -> None:
    """Give the option `new`, maybe one in a block, the value that stood under its old name."""
    block, _, name = new.rpartition(".")
    within = present if not block else dict(present.get(block) or {})
    if name in within:
        raise ValueError(f"{old} is the old name of {new}: keep {new} alone")
    within[name] = value
    if block:
        present[block] = within


C = TypeVar("C", bound=Config)
C_co = TypeVar("C_co", bound=Config, covariant=True)


@dataclass(frozen=True, slots=True)
class Context:
    """What a component is told about its place: its id (`sqlite/main`), the data directory, the pipeline, and the extensions
    by id. Who asks for an extension when it is made finds it started when it starts itself.

    A connector is told of the pipelines that it feeds, in the order of the configuration, and may ask of each how its exporters
    are (`standing`). Exporters and receivers are given who signs `links`, where a receiver of the configuration takes them, and which
    `signals` pipelines bring to them or read from them: a receiver takes these, a carrier sends its one. `helpers` keep what works for
    a processor beside the steps, once for all its instances. `keys` encrypt for domains; None where the configuration asks for none. `holds` say what must not
    be deleted: whoever sweeps asks them.
    """

    id: str
    data_dir: Path
    pipeline: str = ""
    extensions: Mapping[str, Any] = field(default_factory=dict)
    targets: Sequence[str] = ()
    standing: Callable[[str], Standing] = lambda _: Standing.WELL
    links: Signer | None = None
    signals: Collection[str] = ("logs",)
    helpers: Helpers = field(default_factory=Helpers)
    keys: Keys | None = None
    holds: Holds = NO_HOLDS


@dataclass(frozen=True, slots=True)
class Instrument:
    """A number that the exporters of a type count themselves (`Counting`), shown as `logboom_exporter_<name>`.

    Args:
        name: in lower case, words joined by `_`; of exporter types that use the same name the first describes it.
        unit: as UCUM writes it: `By`, `s`, `{rows}`.
        description: one sentence for whoever reads the metrics.
    """

    name: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class Factory(Generic[C]):
    """One component type.

    Args:
        kind: the section it stands in.
        name: the type in the configuration (`sqlite`).
        config: its options.
        behaviour: `module:Class`, called with `(config, context)`; empty for a processor or extension that is nothing but
            its options: they say how the service runs, and no record passes it.
        aliases: other type names that mean the same (`otlp_grpc` and `otlp`).
        summary: one line for `logboom components`.
        stability: `development`, `alpha`, `beta` or `stable`.
        counters: what an exporter's `counters()` gives.
        figures: numbers that a processor or connector keeps of its state (`Figures`).
        takes_commands: event names of the commands that a processor or connector takes (`TakesCommands`).
        carrier: `module:Class` of what an exporter whose options are `CarriesSignals` sends requests of other signals with.
        passes_records: a connector that hands on records that it was given; one that does not makes others, of which the
            oldest are dropped where their exporters can't follow, so that nobody waits for them.
        differs: how it differs from the OpenTelemetry Collector's component of that name, a few words each; empty: not at all, as far as
            is known. None: the Collector has none.
        local_reason: why no remote configuration may say its options unless the operator allows the type: it runs programs, or reads or
            writes what is this machine's; empty: it may.
    """

    kind: Kind
    name: str
    config: type[C]
    behaviour: str
    summary: str
    aliases: tuple[str, ...] = ()
    stability: str = "beta"
    counters: tuple[Instrument, ...] = ()
    figures: tuple[Figure, ...] = ()
    takes_commands: tuple[str, ...] = ()
    carrier: str = ""
    passes_records: bool = True
    differs: tuple[str, ...] | None = None
    local_reason: str = ""

    @property
    def has_behaviour(self) -> bool:
        """Whether there is something to `create`."""
        return bool(self.behaviour)

    def create(self, config: C, context: Context) -> Any:
        """Load the behaviour and make one instance; no I/O happens here.

        Raises:
            LogboomError: it lacks a method that one of its kind must have.
        """
        made = self.load()(config, context)
        contract = BEHAVIOURS.get(self.kind, object)
        lacking = [name for name in dir(contract) if not name.startswith("_") and not hasattr(made, name)]
        if lacking:
            asks = f"collector.component.{contract.__name__} asks for {'it' if len(lacking) == 1 else 'them'}"
            raise LogboomError(f"{self.kind}.{context.id}: {self.behaviour} has no {', '.join(lacking)}: {asks}")
        return made

    def load(self) -> Any:
        """The behaviour's class."""
        module, _, name = self.behaviour.partition(":")
        return getattr(import_module(module), name)


@dataclass(frozen=True, slots=True)
class Component(Generic[C_co]):
    """A configured component: `id` as written (`otlp/main`), its factory and its validated options, and the signals of the pipelines that name
    it. What carries another signal is a component of its own (`traces:otlp/main`)."""

    id: str
    factory: Factory[Any]
    config: C_co
    place: tuple[str, int, int] = field(default=("", 0, 0), compare=False)
    signals: tuple[str, ...] = ("logs",)
