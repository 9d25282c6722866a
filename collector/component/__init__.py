"""The contract of components: what a receiver, processor, connector or exporter is, and how logboom makes one.

A component is a folder: `__init__.py` holds `FACTORY`, `config.py` the pydantic model (the one declaration of each
option), one module the behaviour, `README.md` what a user must know. Importing the folder must be cheap: the
behaviour is named by string and loaded only in the process that runs it (the supervisor imports neither grpc nor
polars).

    declaration   Factory, Config, Context: what it says of itself
    behaviour     Receiver, Processor, Connector, Exporter, Extension: what one of its kind must do
    powers        what it may do beyond; the core asks with `isinstance` and knows no type by name

Lifecycle: create (no I/O) → start → work → shutdown. `shutdown` is safe twice and without start. An extension starts before
the components that asked for it and ends after them.
"""

from collector.component.behaviour import Connector, Due, Exporter, Extension, Processor, Receiver, State, Work
from collector.component.commands import Applied, Command, Refused
from collector.component.declaration import (
    BEHAVIOURS,
    Component,
    Config,
    Context,
    Factory,
    Instrument,
    Kind,
    Standing,
    Use,
)
from collector.component.powers import (
    ALL_EVENTS,
    AmendsHeaders,
    Chooses,
    ClientAuthenticator,
    Counting,
    Explains,
    GivesDomains,
    KeepsReceipts,
    KeepsState,
    KeepsTables,
    LeadsTo,
    Listens,
    MakesDomainsKnown,
    MemoryLimiting,
    MemoryLimits,
    MovesBacklog,
    OneRequestPer,
    OpenToOthers,
    Ordered,
    Outgoing,
    PassesWhole,
    PayloadExporter,
    Probed,
    Provides,
    Recalls,
    Republishes,
    ServerAuthenticator,
    SignsRequests,
    SpeaksTls,
    StepLimiting,
    StepLimits,
    StoreMark,
    TakesCommands,
    TakesEvents,
    Ticking,
)

__all__ = [
    "ALL_EVENTS",
    "BEHAVIOURS",
    "AmendsHeaders",
    "Applied",
    "Chooses",
    "ClientAuthenticator",
    "Command",
    "Component",
    "Config",
    "Connector",
    "Context",
    "Counting",
    "Due",
    "Explains",
    "Exporter",
    "Extension",
    "Factory",
    "GivesDomains",
    "Instrument",
    "KeepsReceipts",
    "KeepsState",
    "KeepsTables",
    "Kind",
    "LeadsTo",
    "Listens",
    "MakesDomainsKnown",
    "MemoryLimiting",
    "MemoryLimits",
    "MovesBacklog",
    "OneRequestPer",
    "OpenToOthers",
    "Ordered",
    "Outgoing",
    "PassesWhole",
    "PayloadExporter",
    "Probed",
    "Processor",
    "Provides",
    "Recalls",
    "Receiver",
    "Refused",
    "Republishes",
    "ServerAuthenticator",
    "SignsRequests",
    "SpeaksTls",
    "Standing",
    "State",
    "StepLimiting",
    "StepLimits",
    "StoreMark",
    "TakesCommands",
    "TakesEvents",
    "Ticking",
    "Use",
    "Work",
]
