"""From options to a console that listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.component import HoldsLogs
from collector.console.application import application
from collector.console.archives import archives_of
from collector.console.commanding import Commands
from collector.console.file_source import FileSource
from collector.console.login.logins import Logins
from collector.console.masking import masks_of
from collector.console.parts import Parts
from collector.console.reads import Reads
from collector.console.service_state import LastState
from collector.console.slow_questions import SlowQuestions
from collector.console.stepping_back import step_back
from collector.console.stores import Source, Stores
from collector.control.reporter import Reporter
from collector.errors import LogboomError
from collector.extensions.console.config import ConsoleConfig
from collector.settings.model import Settings
from collector.store.d1_config import D1StoreConfig
from collector.transport.http_server_config import HttpServerConfig
from collector.transport.serving.http_server import HttpListener

_IDLE = "75s"


@contextmanager
def opened(
    options: ConsoleConfig,
    settings: Settings,
    root: Path,
    state: LastState,
    reporter: Reporter,
    logins: Logins | None = None,
    reads: Reads | None = None,
) -> Iterator[tuple[HttpListener, str]]:
    """A console that serves, and where; at the end it serves no more. `reporter`: tells its events.

    Args:
        logins: None: nobody is asked who they are.
        reads: takes down who reads records.

    Raises:
        LogboomError: it can't listen.
    """
    ident, source = _store(options, settings, root)
    slow = SlowQuestions(reporter, options.slow_query)
    stores = (
        Stores(source, options.questions_at_once(), slow, step_back, masks_of(options)) if source is not None else None
    )
    parts = Parts(
        options, settings, root, stores, ident, state, Commands(root), reporter=reporter, logins=logins, reads=reads,
        archives=archives_of(options, settings, masks_of(options)),
    )  # fmt: skip
    listener = HttpListener(
        HttpServerConfig.model_validate({"endpoint": options.endpoint, "tls": options.tls, "idle_timeout": _IDLE})
    )
    try:
        address = listener.start(lambda _: application(parts), share_port=True, websockets=options.loki)
    except (OSError, ValueError) as error:
        raise LogboomError(f"can't listen on {options.endpoint}: {error}") from error
    try:
        yield listener, address
    finally:
        listener.shutdown(0.0)
        parts.explainer.close()
        if parts.archives is not None:
            parts.archives.close()
        if stores is not None:
            stores.close()


def _store(options: ConsoleConfig, settings: Settings, root: Path) -> tuple[str, Source | None]:
    """Of the exporter that the options name, or the first with a file: what is read in D1 is billed."""
    for ident, component in settings.exporters.items():
        if options.store == ident and isinstance(component.config, D1StoreConfig):
            from collector.console.d1_source import D1Source  # an HTTP client, which others do without

            return ident, D1Source(component.config, root, options.d1_rows, settings.service.domains.served())
        if options.store in ("", ident) and isinstance(component.config, HoldsLogs):
            return ident, FileSource(component.config.store_file(root))
    return "", None
