"""The contract of components: what a receiver, processor or exporter is, and how logboom makes one.

A component is a folder: `__init__.py` holds `FACTORY`, `config.py` the pydantic model (the one declaration of each
option), one module the behaviour, `README.md` what a user must know. Importing the folder must be cheap: the
behaviour is named by string and loaded only in the process that runs it (the supervisor imports neither grpc nor
polars).

    declaration   Factory, Config, Context: what it says of itself
    behaviour     Receiver, Processor, Exporter: what one of its kind must do
    powers        what it may do beyond; the core asks with `isinstance` and knows no type by name

Lifecycle: create (no I/O) → start → work → shutdown. `shutdown` is safe twice and without start.
"""

from collector.component.behaviour import Exporter, Processor, Receiver, State, Work
from collector.component.declaration import BEHAVIOURS, Component, Config, Context, Factory, Instrument, Kind
from collector.component.powers import (
    Counting,
    Explains,
    Listens,
    MemoryLimiting,
    MemoryLimits,
    OpenToOthers,
    PayloadExporter,
    Probed,
    SpeaksTls,
    StepLimiting,
    StepLimits,
    TakesEvents,
    Ticking,
)

__all__ = [
    "BEHAVIOURS",
    "Component",
    "Config",
    "Context",
    "Counting",
    "Explains",
    "Exporter",
    "Factory",
    "Instrument",
    "Kind",
    "Listens",
    "MemoryLimiting",
    "MemoryLimits",
    "OpenToOthers",
    "PayloadExporter",
    "Probed",
    "Processor",
    "Receiver",
    "SpeaksTls",
    "State",
    "StepLimiting",
    "StepLimits",
    "TakesEvents",
    "Ticking",
    "Work",
]
