"""The JavaScript SDK's exporters with keys in their environment: what arrives, and what they do with each answer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from collector.component import Context
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.resolver import DomainRules
from collector.errors import Unavailable
from collector.extensions.api_keys import FACTORY
from counterparts.node_packages import with_packages
from counterparts.receiving import Receiving, receiving

AUTH = {"auth": {"authenticator": "api_keys"}}
RULES = DomainRules(names=["tamyla.com"], default=None)
RECORDS = 5


def send(running: Receiving, protocol: str, key: str) -> None:
    url = f"http://{running.grpc}" if protocol == "grpc" else f"http://{running.http}/v1/logs"
    headers = {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {key}"} if key else {}
    command = ["node", str(with_packages(Path(__file__).parent / "javascript")), protocol, url, str(RECORDS)]
    subprocess.run(command, env={**os.environ, **headers}, capture_output=True, timeout=100, check=False)


class Unsure:
    """The keys can't be read for the first request."""

    def __init__(self, behind) -> None:
        self._behind, self._asked = behind, 0

    def authenticate(self, request):
        self._asked += 1
        if self._asked == 1:
            raise Unavailable("the keys can't be read now, try again", 0.2)
        return self._behind.authenticate(request)


@pytest.mark.parametrize("protocol", ["grpc", "http", "proto"])
def test_what_each_answer_does(protocol, tmp_path):
    """A good key: all arrives. A wrong one, none, a reader's: refused once and dropped, as the OTLP specification has it. Not to be told
    now: the HTTP exporters come again and lose nothing; the one over gRPC never sends twice, whoever refuses."""
    good, reader = new_key(KeyKind.INGEST), new_key(KeyKind.READER)
    store = KeyStore(tmp_path / FILE)
    for made, kind in ((good, KeyKind.INGEST), (reader, KeyKind.READER)):
        store.add(Key(made.id, kind, "tamyla.com", made.digest))
    extension = FACTORY.create(FACTORY.config(), Context("api_keys", Path(tmp_path)))
    extension.start()
    guarded = {"protocols": {"grpc": AUTH, "http": AUTH}}
    with receiving(guarded, rules=RULES, extensions={"api_keys": extension}) as running:
        send(running, protocol, good.text)
        assert running.intake.records == RECORDS
        for key, refusal in (
            (new_key(KeyKind.INGEST).text, "Unauthenticated"),
            ("", "Unauthenticated"),
            (reader.text, "PermissionDenied"),
        ):
            before = running.admission.statistics().refused_requests.get(refusal, 0)
            send(running, protocol, key)
            assert running.admission.statistics().refused_requests[refusal] == before + 1
        assert running.intake.records == RECORDS
    with receiving(guarded, rules=RULES, extensions={"api_keys": Unsure(extension)}) as running:
        send(running, protocol, good.text)
        assert running.admission.statistics().refused_requests == {"Unavailable": 1}
        assert running.intake.records == (0 if protocol == "grpc" else RECORDS)
    extension.shutdown()
