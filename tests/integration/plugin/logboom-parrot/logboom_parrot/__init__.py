"""An exporter that repeats what it hears into files, a processor that raises its voice, and a connector that divides by voice."""

from collector.component import Factory, Instrument, Kind
from logboom_parrot.config import FlockConfig, ParrotConfig, ShoutConfig

EXPORTER = Factory(
    kind=Kind.EXPORTER,
    name="parrot",
    config=ParrotConfig,
    behaviour="logboom_parrot.exporter:ParrotExporter",
    summary="repeats records into files, one a request",
    stability="development",
    counters=(Instrument("squawks", "{files}", "Files written since the worker started."),),
)

CONNECTOR = Factory(
    kind=Kind.CONNECTOR,
    name="flock",
    config=FlockConfig,
    behaviour="logboom_parrot.connector:Flock",
    summary="hands what is shouted to some pipelines, the rest to others",
    stability="development",
)

PROCESSOR = Factory(
    kind=Kind.PROCESSOR,
    name="shout",
    config=ShoutConfig,
    behaviour="logboom_parrot.processor:Shout",
    summary="writes bodies in capital letters",
    stability="development",
)
