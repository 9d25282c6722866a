"""The contract of components: what a receiver, processor or exporter is, and how logboom makes one.

A component is a folder: `__init__.py` holds `FACTORY`, `config.py` the pydantic model (the one declaration of each
option), one module the behaviour, `README.md` what a user must know. Importing the folder must be cheap: the
behaviour is named by string and loaded only in the process that runs it (the supervisor imports neither grpc nor
polars).

Lifecycle: create (no I/O) → start → work → shutdown. `shutdown` is safe twice and without start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

if TYPE_CHECKING:
    from collector.admission.admission import Admission
    from collector.batch import LogBatch
    from collector.outcomes import Verdicts


class Kind(StrEnum):
    """The sections of a configuration that hold components."""

    RECEIVER = "receivers"
    PROCESSOR = "processors"
    EXPORTER = "exporters"
    CONNECTOR = "connectors"
    EXTENSION = "extensions"


class Config(BaseModel):
    """Base of every component's options: frozen, unknown keys refused, each field with a description."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)

    former_names: ClassVar[Mapping[str, str]] = {}
    """Old name → name of options that were renamed; the old ones are still taken, and `validate` tells the new."""

    @model_validator(mode="before")
    @classmethod
    def _by_present_names(cls, given: Any) -> Any:
        if not cls.former_names or not isinstance(given, Mapping):
            return given
        for old, new in cls.former_names.items():
            if old in given and new in given:
                raise ValueError(f"{old} is the old name of {new}: keep {new} alone")
        return {cls.former_names.get(name, name): value for name, value in given.items()}


C = TypeVar("C", bound=Config)


@dataclass(frozen=True, slots=True)
class Context:
    """What a component is told about its place: its id (`sqlite/main`), the data directory, and the pipeline."""

    id: str
    data_dir: Path
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class Factory(Generic[C]):
    """One component type.

    Args:
        kind: the section it stands in.
        name: the type in the configuration (`sqlite`).
        config: its options.
        behaviour: `module:Class`, called with `(config, context)`.
        aliases: other type names that mean the same (`otlp_grpc` and `otlp`).
        summary: one line for `logboom components`.
        stability: `development`, `alpha`, `beta` or `stable`.
    """

    kind: Kind
    name: str
    config: type[C]
    behaviour: str
    summary: str
    aliases: tuple[str, ...] = ()
    stability: str = "beta"

    def create(self, config: C, context: Context) -> Any:
        """Load the behaviour and make one instance; no I/O happens here."""
        module, _, name = self.behaviour.partition(":")
        return getattr(import_module(module), name)(config, context)


class State(Protocol):
    """A processor's own keys and values. Writes are seen at once and commit with the batch, or not at all."""

    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes) -> None: ...
    def delete(self, key: bytes) -> None: ...
    def scan(self, prefix: bytes) -> Sequence[tuple[bytes, bytes]]: ...


class Work(Protocol):
    """The transaction a processor takes part in: its state and its counts commit together with the batch."""

    @property
    def state(self) -> State: ...
    @property
    def now_unix_nano(self) -> int: ...
    def count(self, domain: str, outcome: str, records: int) -> None: ...


class Processor(Protocol):
    """`LogBatch` in, `LogBatch` out, a column at a time.

    Records left out must be counted through `work.count` unless the outcome is `filtered`: the pipeline counts any
    difference that was not named as `filtered`. Never raises on bad data.
    """

    def process(self, batch: LogBatch, work: Work) -> LogBatch: ...


class Exporter(Protocol):
    """One destination. Delivery owns batching, retry, order, quotas and dead letters; an exporter only translates.

    `encode` runs on a thread and may be slow; `send` runs on the delivery event loop and must not block it.
    An exception from `send` is passed to `classify` like an answer; `classify` must know its own errors and return
    `Retry` for the rest.
    """

    async def start(self) -> None: ...
    def encode(self, batch: LogBatch) -> Any: ...
    async def send(self, request: Any) -> Any: ...
    def classify(self, answer: Any) -> Verdicts: ...
    async def shutdown(self) -> None: ...


class PayloadExporter(Exporter, Protocol):
    """An exporter that can also forward OTLP payloads untouched (a pipeline without processors)."""

    def encode_payloads(self, payloads: Sequence[bytes]) -> Any: ...


class Receiver(Protocol):
    """A listener. `start` binds its sockets or raises; `stop_intake` refuses new requests with a hint and lets those
    under way finish; `shutdown` closes. `endpoints` maps protocol → the address bound (`grpc` → `127.0.0.1:4317`)."""

    def start(self, admission: Admission, *, share_port: bool = False) -> None: ...
    def stop_intake(self) -> None: ...
    def shutdown(self, deadline_secs: float) -> None: ...
    def endpoints(self) -> Mapping[str, str]: ...
    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Protocol → name → how much of something bounded is in use, or how often its bound was met."""
        ...

    def silent_secs(self) -> float:
        """Age of the last sign of life of its serving loop; 0 when it has none of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Component(Generic[C]):
    """A configured component: `id` as written (`otlp/main`), its factory and its validated options."""

    id: str
    factory: Factory[C]
    config: C
    place: tuple[str, int, int] = field(default=("", 0, 0), compare=False)
