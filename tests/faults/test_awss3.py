"""Bad days between delivery and an S3 server: the objects hold what was sent, each record once, for what is sent again goes over itself."""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from collector.object_storage import open_target
from counterparts.bad_days import PATIENT, Load, mixture
from counterparts.fault_proxy import proxied
from counterparts.s3 import bucket
from exporters.awss3 import FACTORY


@pytest.mark.parametrize("faults", [[], mixture(4, 3)], ids=["a good day", "all of it at once"])
def test_each_record_stands_in_one_object(tmp_path, monkeypatch, faults):
    with bucket() as s3, Load(tmp_path, FACTORY) as load, proxied(s3.options["endpoint"]) as proxy:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.options["access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.options["secret_access_key"])
        proxy.keeps_host = True
        proxy.faults.extend(faults)
        name, _, prefix = s3.url.removeprefix("s3://").partition("/")
        uploader = {"s3_bucket": name, "s3_prefix": prefix, "endpoint": proxy.url, "s3_force_path_style": True}
        retry = {key: PATIENT[key] for key in ("retry_on_failure", "timeout")}
        load.deliver({**retry, "s3uploader": uploader})
        assert not proxy.faults
        target = open_target(s3.url, s3.options)
        found = Counter(body for stored in target.list("") for body in bodies(target.get(stored.name)))
        assert found == Counter(load.bodies)


def bodies(content: bytes) -> list[str]:
    return [
        record["body"]["stringValue"]
        for resource in orjson.loads(content)["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]
