"""Where backups are kept, each kind held to the same tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.object_storage import Target, open_target
from counterparts.s3 import Bucket, bucket


@pytest.fixture(scope="session")
def s3() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@pytest.fixture(params=["folder", "s3", "file by obstore"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "folder":
        return open_target(str(tmp_path / "backups"))
    if request.param == "s3":
        made: Bucket = request.getfixturevalue("s3")
        return open_target(f"{made.url}/{tmp_path.name}", made.options)
    from collector.object_storage.bucket import ObjectTarget

    (tmp_path / "objects").mkdir()
    return ObjectTarget((tmp_path / "objects").as_uri(), {})
