"""The console: pages, the API `/api/v1`, live tail. A process of its own serves it."""

from collector.component import Factory, Kind
from collector.extensions.console.config import ConsoleConfig

FACTORY = Factory(
    kind=Kind.EXTENSION,
    name="console",
    config=ConsoleConfig,
    behaviour="",
    summary="Pages to see, search, follow and decide, and their API, http://localhost:8080",
    stability="beta",
    local_reason="it shows records",
)
