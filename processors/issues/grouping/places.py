"""Files as grouping compares them: no folders of the machine, no versions, no hashes of a build."""

from __future__ import annotations

import re

_QUERY = re.compile(r"[?#].*$")
_BUILD = re.compile(r"[.-](?=[0-9a-f]*\d)[0-9a-f]{6,}(?=\.)|(?<=\.)(?:min|chunk|bundle)\.")
_GENERAL_WORDS = (
    "index main app mod lib init __init__ __main__ route routes page layout views view models model handler handlers server "
    "client service services controller tasks urls utils helper helpers common base api store types totals"
)
_GENERAL = frozenset(_GENERAL_WORDS.split())
"""Stems that many folders of a program have: their folder belongs to the name."""
_ROOT_WORDS = (
    "app apps src lib dist build out srv code workspace current bin html www public js static assets usr var home opt"
)
_ROOTS = frozenset(_ROOT_WORDS.split())
"""Folders that say where a program stands, not what it is."""
_CASE = re.compile(r"\.(?:cs|vb|fs|ps1|php)$", re.IGNORECASE)


def short(path: str) -> str:
    """The file's name, in lower case; with its folder where the name alone is that of many."""
    parts = [part for part in _QUERY.sub("", path).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if not parts:
        return ""
    name = _BUILD.sub("", parts[-1]).lower()
    folder = parts[-2].lower() if len(parts) > 1 else ""
    if name.partition(".")[0] in _GENERAL and folder and folder not in _ROOTS and ":" not in folder:
        return f"{folder}/{name}"
    return name


_LIBRARY_PATHS = re.compile(
    r"(?:^|[/\\])(?:site-packages|dist-packages|node_modules|gems|vendor|Pods|\.cargo|\.yarn|rustc|deps)[/\\]"
    r"|[/\\]pkg[/\\]mod[/\\]|[/\\]lib[/\\]python|[/\\]python3?\.\d+[/\\](?!.*[/\\](?:app|src)[/\\])|^<frozen|^node:|^internal[/\\]"
    r"|[/\\]go[/\\]src[/\\]|[/\\]usr[/\\](?:include|lib)[/\\]|^\(?/lib(?:64)?/|lib[/\\]ruby[/\\]|ruby[/\\]\d|^<internal:"
    r"|webpack/bootstrap|^(?:chrome|moz|safari)-extension:"
)


def of_library(path: str) -> bool:
    """Whether a file belongs to a runtime or a library, as far as its path says."""
    return _LIBRARY_PATHS.search(path) is not None
