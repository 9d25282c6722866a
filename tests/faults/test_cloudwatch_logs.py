"""Bad days between delivery and CloudWatch Logs: none of over ten thousand records missing, doubled only where an answer was lost."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from counterparts.bad_days import QUICK, Load, mixture
from counterparts.cloudwatch_logs import CloudWatchLogs
from counterparts.fault_proxy import proxied
from counterparts.on_thread import on_thread
from exporters.awscloudwatchlogs import FACTORY

OPTIONS = {**QUICK, "log_group_name": "shop", "log_stream_name": "{ServiceName}", "region": "eu-west-1"}


@pytest.mark.parametrize("faults", [[], mixture(8, 3)], ids=["a good day", "all of it at once"])
def test_each_record_arrives(tmp_path, monkeypatch, faults):
    """In a group and a stream that were not there; once, where no answer is lost."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    with Load(tmp_path, FACTORY) as load, on_thread(CloudWatchLogs()) as service:
        with proxied(service.url) as proxy:
            proxy.faults.extend(faults)
            load.deliver({**OPTIONS, "endpoint": proxy.url})
            assert not proxy.faults
        times = Counter(orjson.loads(message)["body"] for _, _, message in service.written)
    assert times.keys() == set(load.bodies)
    assert faults or max(times.values()) == 1  # what is lost of a call that makes a stream doubles nothing
    assert service.complaints == []
    assert {(group, len(streams)) for group, streams in service.groups.items()} == {("shop", 1)}
