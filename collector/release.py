"""Which version of logboom this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def release() -> str:
    """As it was installed, such as `0.1.0`."""
    return version("logboom")


def newer(what: object, written: str, by: str, read: str) -> str:
    """The sentence on data that a later version wrote.

    Args:
        what: names the data.
        written: the format that it has.
        by: the version that wrote it; empty where it does not say.
        read: the formats that this version reads.
    """
    by = "" if by == release() else by  # a build between two versions
    author = f"logboom {by}" if by else "a later version of logboom"
    return (
        f"{what} was written by {author} (format {written}); this is logboom {release()}, which reads {read}, and nothing was "
        f"changed. Install {f'logboom {by}' if by else 'the version that wrote it'} or a later one; or `logboom restore` a backup "
        "of before the upgrade into another --data-dir"
    )
