"""`logboom run`: the collector itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from collector.cli.defaults import chosen
from collector.cli.endings import refuse, wrong_configuration
from collector.errors import ConfigError, LogboomError

Configs = Annotated[
    list[str] | None,
    typer.Option(
        "--config",
        "-c",
        help="YAML file, or env:NAME, or yaml:TEXT. Several are merged; later ones win. Without one: the default.",
    ),
]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One value, such as exporters.sqlite.path=/var/log.db.")]
StrictSignals = Annotated[
    bool,
    typer.Option(
        "--strict-signals", help="Refuse a file with pipelines of traces, metrics or profiles, which don't run here."
    ),
]


def run(
    config: Configs = None,
    data_dir: Annotated[Path, typer.Option(help="Journal, state and embedded store.")] = Path("logboom-data"),
    set_: Sets = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="One process for all, for tests and small installs.")
    ] = False,
    strict_signals: StrictSignals = False,
) -> None:
    """Collect: accept OTLP, make it durable, process it, deliver it.

    Nothing starts when the configuration is wrong or a port is taken. SIGTERM stops intake, drains and exits 0; what
    is not delivered by then stays on disk. SIGHUP reads the configuration again without losing a record.
    """
    from collector.service import collecting
    from collector.service.forerunners import ROLES, Forerunners

    collecting.put_off()
    with Forerunners(
        () if in_process else ROLES, fork=True
    ) as forerunners:  # before all else is loaded: they load meanwhile
        from collector.service.configuration import Configuration
        from collector.service.run import serve

        root = data_dir.resolve()
        configuration = Configuration(chosen(config), set_ or [], strict_signals, root)
        try:
            code = serve(configuration.at_start(), configuration, root, in_process, forerunners)
        except ConfigError as error:
            wrong_configuration(error)
        except LogboomError as error:
            refuse(str(error))
    raise typer.Exit(code)
