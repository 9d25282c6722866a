"""One OpenSearch for the tests of a file; each test has an index of its own."""

from __future__ import annotations

import pytest

from counterparts.opensearch import OpenSearch


@pytest.fixture(scope="module")
def opensearch(tmp_path_factory):
    one = OpenSearch(tmp_path_factory.mktemp("opensearch"))
    one.start()
    yield one
    one.kill()
