"""Runs a program: no shell, an empty environment, a session of its own that ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from collector.responses.outcome import NotDone

_MOST_OUTPUT = 64 << 10
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Ended(NamedTuple):
    """How it ended, and what it said at the end, on both outputs."""

    status: int
    said: str


def check(path: Path) -> None:
    """Raises `NotDone`: it is no program, or somebody who is not root could have written another one there, or put one in its place."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or not os.access(path, os.X_OK):
            raise NotDone(f"{path} is no program")
        for each in _leading_to(path):
            _check_writers(each, each.lstat())
    except OSError as error:
        raise NotDone(f"{path}: {error.strerror}") from error


def _leading_to(path: Path) -> Iterator[Path]:
    """It and all folders above it, as written, and the same of what each symbolic link among them names. `OSError` where they go in a circle
    was raised by who looked at the program before."""
    for each in (path, *path.parents):
        yield each
        if each.is_symlink():
            yield from _leading_to(each.parent / each.readlink())


def _check_writers(path: Path, found: os.stat_result) -> None:
    """Who owns a link, or a folder that others may only add to (`/tmp`), decides what it holds; of all else who may write it, too."""
    held = stat.S_ISLNK(found.st_mode) or (stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX)
    if found.st_uid != 0 or (found.st_mode & _WRITABLE_BY_OTHERS and not held):
        raise NotDone(
            f"{path} can be written by others than root: a command must not be one that logboom's user could change"
        )


async def run(argv: Sequence[str], given: bytes, timeout_secs: float) -> Ended:
    """Run it with `given` on its input. Raises `NotDone`: it does not start, or not end in time; then all of its session was killed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={}, cwd="/", start_new_session=True, limit=_MOST_OUTPUT,
        )  # fmt: skip
    except OSError as error:
        raise NotDone(f"{argv[0]} does not start: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_secs):
            said = await _talked(process, given)
            return Ended(await process.wait(), said)
    except TimeoutError:
        how = "was killed" if _killed(process.pid) else "may still run: its user is another one, who cannot be killed"
        raise NotDone(f"it did not end within {timeout_secs:g} s, and {how}") from None
    finally:
        if _killed(process.pid):
            await process.wait()


def _killed(session: int) -> bool:
    """All of it that is left; false: what `sudo` and its like started belongs to another user."""
    try:
        os.killpg(session, signal.SIGKILL)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return True


async def _talked(process: asyncio.subprocess.Process, given: bytes) -> str:
    """The end of what it says."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(given)
        await process.stdin.drain()
        process.stdin.close()
    said = b""
    while piece := await process.stdout.read(_MOST_OUTPUT):
        said = (said + piece)[-_MOST_OUTPUT:]
    return said.decode(errors="replace").strip()
