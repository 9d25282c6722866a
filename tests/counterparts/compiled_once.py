"""A fresh tree is compiled once, not by each process of a run: each compiles its share before it imports any of it."""

from __future__ import annotations

import py_compile
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from _pytest.assertion import rewrite
from _pytest.assertion.rewrite import assertstate_key

PLAIN = ("collector", "exporters", "processors", "proto", "tests/counterparts")


def compile_share(config: pytest.Config, number: int, processes: int) -> None:
    """Every so many-th file; those of tests as pytest does it, with their assertions rewritten. What is compiled already stays."""
    if sys.dont_write_bytecode:
        return
    root = config.rootpath
    for path in sorted((root / "tests").rglob("test_*.py"))[number::processes]:
        _rewrite(config, path)
    for path in sorted(path for folder in PLAIN for path in (root / folder).rglob("*.py"))[number::processes]:
        if not Path(cache_from_source(str(path))).exists():
            py_compile.compile(str(path))  # a file that is no Python is told of by whoever imports it


def _rewrite(config: pytest.Config, path: Path) -> None:
    cache = rewrite.get_cache_dir(path)
    if (compiled := cache / f"{path.stem}{rewrite.PYC_TAIL}").exists():
        return
    cache.mkdir(exist_ok=True)
    about, code = rewrite._rewrite_test(path, config)
    rewrite._write_pyc(config.stash[assertstate_key], code, about, compiled)
