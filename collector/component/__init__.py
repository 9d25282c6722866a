"""The contract of components: what a receiver, processor or exporter is, and how logboom makes one.

A component is a folder: `__init__.py` holds `FACTORY`, `config.py` the pydantic model (the one declaration of each
option), one module the behaviour, `README.md` what a user must know. Importing the folder must be cheap: the
behaviour is named by string and loaded only in the process that runs it (the supervisor imports neither grpc nor
polars).

    declaration   Factory, Config, Context: what it says of itself
    behaviour     Receiver, Processor, Exporter, Extension: what one of its kind must do
    powers        what it may do beyond; the core asks with `isinstance` and knows no type by name

Lifecycle: create (no I/O) → start → work → shutdown. `shutdown` is safe twice and without start. An extension starts before
the components that asked for it and ends after them.
"""

from collector.component.behaviour import Due, Exporter, Extension, Processor, Receiver, State, Work
from collector.component.declaration import BEHAVIOURS, Component, Config, Context, Factory, Instrument, Kind, Use
from collector.component.powers import (
    ALL_EVENTS,
    ClientAuthenticator,
    Counting,
    Explains,
    GivesDomains,
    Listens,
    MakesDomainsKnown,
    MemoryLimiting,
    MemoryLimits,
    OpenToOthers,
    PayloadExporter,
    Probed,
    Provides,
    Recalls,
    ServerAuthenticator,
    SpeaksTls,
    StepLimiting,
    StepLimits,
    TakesEvents,
    Ticking,
)

__all__ = [
    "ALL_EVENTS",
    "BEHAVIOURS",
    "ClientAuthenticator",
    "Component",
    "Config",
    "Context",
    "Counting",
    "Due",
    "Explains",
    "Exporter",
    "Extension",
    "Factory",
    "GivesDomains",
    "Instrument",
    "Kind",
    "Listens",
    "MakesDomainsKnown",
    "MemoryLimiting",
    "MemoryLimits",
    "OpenToOthers",
    "PayloadExporter",
    "Probed",
    "Processor",
    "Provides",
    "Recalls",
    "Receiver",
    "ServerAuthenticator",
    "SpeaksTls",
    "State",
    "StepLimiting",
    "StepLimits",
    "TakesEvents",
    "Ticking",
    "Use",
    "Work",
]
