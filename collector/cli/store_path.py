"""Which store a command reads: the options that name it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path, typer.Option(help="The data directory of `logboom run`.")]
StoreFile = Annotated[
    Path | None,
    typer.Option(
        "--store", help="A store file instead of DATA_DIR/store.db; `d1` or `d1:ID` for a Cloudflare D1 database."
    ),
]
StoreConfig = Annotated[
    list[str] | None, typer.Option("--config", "-c", help="With `--store d1`: where its account stands.")
]
Domain = Annotated[str | None, typer.Option(help="Only this domain's records; no others can be reached.")]


def store_path(data_dir: Path, store: Path | None) -> Path:
    """The store's file."""
    return store if store is not None else data_dir / "store.db"
