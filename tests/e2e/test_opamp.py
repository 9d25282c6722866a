"""A logboom that a server manages: what it reports and takes, killed in between. The server is a double that complains of whatever the
specification forbids; `make check-opamp` plays more to opamp-go's."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterparts import opamp_life as life
from counterparts.opamp import strict_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_managed_logboom(tmp_path: Path) -> None:
    with strict_server(life.TOKEN) as server, life.managed(tmp_path, server, "ws") as service:
        life.reports_itself(server)
        life.killed_meanwhile_takes_it_afterwards(server, service)
        assert len(server.agents()) == 1
        assert life.SECRET not in service.log.read_text()
