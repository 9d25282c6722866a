"""enrich: what other systems know of a user, a tenant or a machine becomes attributes of records that name it."""

from collector.component import Factory, Kind
from processors.enrich.config import EnrichConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="enrich",
    config=EnrichConfig,
    behaviour="processors.enrich.processor:Enrich",
    summary="looks facts up by an attribute, over HTTP, in a file or in SQLite, and sets them",
    stability="alpha",
    local_reason="it reads files here, and asks services as this machine",
)
