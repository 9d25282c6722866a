"""Files that pages load, below a hash of all of them: browsers keep them for ever, and modules find each other."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ROOT = Path(__file__).parent / "static"
_FOR_EVER, _ASK = "public, max-age=31536000, immutable", "no-cache"
_HASH = 12


class _Hashed(StaticFiles):
    """`/static/<hash>/<path>`; below another hash (of a page that an older console made) the file of now is served, and not kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        version, _, name = path.partition("/")
        found = await super().get_response(name, scope)
        if found.status_code in (200, 304):
            found.headers["cache-control"] = _FOR_EVER if version == fingerprint() else _ASK
        return found


def files() -> Any:
    """The application that serves them."""
    return _Hashed(directory=ROOT)


@functools.cache
def fingerprint() -> str:
    """Of all files, names and bytes."""
    seen = hashlib.sha256()
    for path in sorted(path for path in ROOT.rglob("*") if path.is_file()):
        seen.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return seen.hexdigest()[:_HASH]


def path_of(name: str) -> str:
    """Where a page finds a file, below the console's base path. Raises OSError: there is none."""
    if not (ROOT / name).is_file():
        raise FileNotFoundError(ROOT / name)
    return f"/static/{fingerprint()}/{name}"
