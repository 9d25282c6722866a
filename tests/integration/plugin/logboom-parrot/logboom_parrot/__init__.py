"""An exporter that repeats what it hears into files, and a processor that raises its voice."""

from collector.component import Factory, Instrument, Kind
from logboom_parrot.config import ParrotConfig, ShoutConfig

EXPORTER = Factory(
    kind=Kind.EXPORTER,
    name="parrot",
    config=ParrotConfig,
    behaviour="logboom_parrot.exporter:ParrotExporter",
    summary="repeats records into files, one a request",
    stability="development",
    counters=(Instrument("squawks", "{files}", "Files written since the worker started."),),
)

PROCESSOR = Factory(
    kind=Kind.PROCESSOR,
    name="shout",
    config=ShoutConfig,
    behaviour="logboom_parrot.processor:Shout",
    summary="writes bodies in capital letters",
    stability="development",
)
