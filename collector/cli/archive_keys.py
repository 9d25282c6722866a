"""The keys that open what an archive keeps encrypted: those of a data directory, or where a configuration says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from collector.cli.endings import refuse, wrong_configuration

if TYPE_CHECKING:
    from collector.archive.reading import Archive
    from collector.encryption.key_ring import KeyRing

KeyConfig = Annotated[
    list[str] | None,
    typer.Option("--config", "-c", help="Where `service.encryption` stands, if not DATA_DIR knows its keys."),
]


def keys_of(data_dir: Path, config: Sequence[str] | None) -> KeyRing | None:
    """None: nothing was ever encrypted there."""
    from collector.errors import ConfigError, KeysUnavailable
    from collector.settings import load
    from collector.settings.encryption import key_ring

    try:
        return key_ring(load(config, []).service.encryption if config else None, data_dir)
    except ConfigError as error:
        wrong_configuration(error)
    except KeysUnavailable as error:
        refuse(str(error))


def say_what_stays_sealed(archive: Archive) -> None:
    """A sentence for each reason."""
    for sentence in archive.opening.told():
        typer.echo(f"warning: {sentence}", err=True)
