"""What pages load: vendored files are what they were, and no template or sheet does what the policy forbids."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import collector.console
from collector.console.serving_files import ROOT, fingerprint, path_of

TEMPLATES = sorted((Path(collector.console.__file__).parent / "templates").rglob("*.html"))
SHEETS = sorted(ROOT.glob("*.css"))
_DARK = re.compile(r"(?:@media \(prefers-color-scheme: dark\) \{\s*:root:not\(\[data-theme=\"light\"\]\)|:root\[data-theme=\"dark\"\]) \{([^}]*)\}")  # fmt: skip


def test_vendored_files_are_those_that_were_taken() -> None:
    """Each has its version, licence and hash in a table."""
    told = dict(
        re.findall(
            r"^\| `([^`]+)` \|[^|]+\|[^|]+\| `([0-9a-f]{64})` \|$",
            (ROOT / "vendor/README.md").read_text(),
            re.MULTILINE,
        )
    )
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (ROOT / "vendor").glob("*.*s")}
    assert there == told
    assert "htmx.min.js" in told


def test_the_two_dark_blocks_are_equal() -> None:
    """By the system, and by choice."""
    blocks = [
        sorted(re.findall(r"--[\w-]+: [^;]+", found)) for found in _DARK.findall((ROOT / "tokens.css").read_text())
    ]
    assert len(blocks) == 2
    assert blocks[0] == blocks[1] != []


def test_colours_stand_among_the_tokens() -> None:
    """No sheet names one of its own, but for shades behind what floats and for paper."""
    for sheet in SHEETS:
        text = sheet.read_text().split("@media print")[0]
        if sheet.name != "tokens.css":
            assert set(re.findall(r"#[0-9a-f]{3,8}\b", text)) <= {"#14181d66"}, sheet.name


def test_templates_do_nothing_that_the_policy_forbids() -> None:
    """No style or script within a page, nothing that evaluates text, nothing unescaped."""
    for template in TEMPLATES:
        text = template.read_text()
        for forbidden in (
            r"\sstyle=",
            r"<style",
            r"\son[a-z]+=",
            r"hx-on",
            r"hx-vals='js:",
            r"\|\s*safe",
            r"javascript:",
            r"autoescape false",
        ):
            assert not re.search(forbidden, text), (template.name, forbidden)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), template.name


def test_every_file_of_a_page_is_below_the_same_hash() -> None:
    """So that modules find each other by their relative names."""
    assert path_of("console.js") == f"/static/{fingerprint()}/console.js"
    assert path_of("vendor/htmx.min.js").startswith(f"/static/{fingerprint()}/")
