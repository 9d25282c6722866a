"""`logboom restore`: a data directory of a backup."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from collector.cli.backup import Json, Options, Place, SnapshotId, opened
from collector.cli.store_path import DataDir


def restore(
    place: Place,
    data_dir: DataDir = Path("logboom-data"),
    snapshot: SnapshotId = None,
    option: Options = None,
    json_: Json = False,
) -> None:
    """Make a data directory of a backup: as it was at the snapshot, its stores brought forward as far as they were followed.

    The directory must not exist, or be empty. It is checked as it is read, and is there when it is whole. What waited for
    exporters then is sent again when logboom starts: where records are stored by their id, once.
    """
    from collector.backup.snapshots import restore as make

    with opened(place, option) as repository:
        done = make(repository, repository.snapshot(snapshot), data_dir)
    if json_:
        typer.echo(json.dumps({"id": done.snapshot.id, "data_dir": str(data_dir), "tail_objects": done.tail_objects}))
        return
    typer.echo(f"{data_dir} is snapshot {done.snapshot.id}, made by logboom {done.snapshot.logboom}")
    if done.tail_objects:
        typer.echo(f"its stores were brought forward by {done.tail_objects} objects")
    typer.echo(f"start it: logboom run --data-dir {data_dir}")
