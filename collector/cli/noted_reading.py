"""Commands that read the store's file tell a logboom that runs on the data directory that they do, for its audit log. Where none runs, nobody is told:
whoever may read the file needs no command of ours for it."""

from __future__ import annotations

from pathlib import Path

import typer

from collector.scope import Scope


def note_reading(data_dir: Path, scope: Scope, shape: str, question: str = "") -> None:
    """Who, and of which domains.

    Args:
        shape: what is read, or by which command; without values.
        question: kept as a hash.
    """
    from collector.control.wire import SOCKET

    if not (data_dir / SOCKET).exists():
        return
    from collector.console.reads import ALL, Reads, What
    from collector.control.asking import NotRunning, ask
    from collector.control.command import user
    from collector.control.record import ControlRecord
    from collector.reserved import DOMAIN

    objections: list[str] = []

    def tell(record: ControlRecord) -> None:
        try:
            ask(data_dir, record)
        except NotRunning as problem:
            if not isinstance(problem.__cause__, ConnectionRefusedError):  # a service that died left its socket
                objections.append(str(problem))

    reads = Reads(data_dir, "command line", lambda: DOMAIN, tell)
    domains = [ALL] if scope.is_everything else scope.sorted()
    for domain in domains:
        reads.note(What(user(), "", "command line", domain, shape), reads.hashed(question) if question else "")
    reads.flush()
    for objection in objections[:1]:
        typer.echo(f"warning: the audit log does not know of this reading: {objection}", err=True)
