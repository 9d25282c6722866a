"""Behind a proxy that leaves a prefix in place, every link, form and request of every page begins with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector import console
from collector.console.pages import ROUTERS
from collector.console.pages.panels import _PANELS
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import asked

pytestmark = pytest.mark.anyio
BASE = "/proxy/logboom"
_ENDLESS = ("/logs/tail",)
TEMPLATES = Path(console.__file__).parent / "templates"
_ADDRESS = re.compile(r'\s(?:href|src|action|formaction|hx-[a-z]+|data-[a-z]+)="(/[^"]*)"')
_WRITTEN = re.compile(
    r"""\b(?:href|src|action|formaction|hx-(?:get|post|delete|patch|put)|sse-connect)=["'](?!\{|#|$)[^"']"""
)


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_template_writes_an_address_itself(template: Path) -> None:
    """`link`, `here`, `asset` and `base` know where the console is."""
    assert _WRITTEN.findall(template.read_text()) == []


async def test_every_page_and_panel_stays_below_it(tmp_path: Path) -> None:
    """Whatever was asked for."""
    store = EmbeddedStore(tmp_path / "store.db")
    store.insert(rows(batch_of([Row("1", fields={"domain": "a.example"})]), Limits()))
    store.close()
    pages = sorted({
        route.path for router in ROUTERS for route in router.routes if "GET" in route.methods and "{" not in route.path and route.path not in _ENDLESS
    })  # fmt: skip
    assert len(pages) > 8
    seen = 0
    async with asked(tmp_path, {"base_path": BASE}) as client:
        for path in [*pages, *(f"/panels/{name}" for name in sorted(_PANELS)), "/nothing", "/logs/1", "/?samples=1"]:
            page = await client.get(f"{BASE}{path}")
            found = _ADDRESS.findall(page.text)
            assert [each for each in found if not f"{each}/".startswith(f"{BASE}/")] == [], path
            seen += len(found)
        answer = await client.post(f"{BASE}/display", data={"back": f"{BASE}/logs"})
        assert answer.headers["location"] == f"{BASE}/logs"
    assert seen > 100
