"""What the exporters of the SDKs do with each answer of each authenticator, observed: `python tests/integration/otlp/sdk_answers.py`
(`make sdk-answers`) writes tests/golden/sdk_answers.json and the table in api_keys' README. Go 1.26, a JDK, Maven and Node are needed."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from collector.component import Context, Kind
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, new_key
from collector.domains.resolver import DomainRules
from collector.errors import Exhausted, Unavailable
from collector.registry import default_registry
from counterparts.certificates import Authority
from counterparts.node_packages import with_packages
from counterparts.oidc_provider import OidcProvider
from counterparts.receiving import Receiving, receiving
from counterparts.sdk_senders import go_sender, java_sender

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden" / "sdk_answers.json"
README = HERE.parents[2] / "collector" / "extensions" / "api_keys" / "README.md"
BEGIN, END = "<!-- sdk answers -->", "<!-- /sdk answers -->"
RULES = DomainRules(names=["tamyla.com"], default=None)
RECORDS = 5
Send = Callable[[Receiving, str], None]
"""Five records, with a value for `authorization` (empty: none)."""


def python(protocol: str, **more: Any) -> Send:
    def send(running: Receiving, authorization: str) -> None:
        headers = {"authorization": authorization} if authorization else {}
        secure = bool(more)
        scheme, host = ("https", "localhost") if secure else ("http", "127.0.0.1")
        port = (running.grpc if protocol == "grpc" else running.http).rpartition(":")[2]
        exporter: Any = (
            GrpcExporter(
                endpoint=f"{host}:{port}", insecure=not secure, headers=headers, timeout=8, **more.get("grpc", {})
            )
            if protocol == "grpc"
            else HttpExporter(
                endpoint=f"{scheme}://{host}:{port}/v1/logs", headers=headers, timeout=8, **more.get("http", {})
            )
        )
        provider = LoggerProvider()
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        for number in range(RECORDS):
            provider.get_logger("sender").emit(
                timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body=f"record {number}"
            )
        provider.shutdown()

    return send


def command(made: Callable[[], list[str]], protocol: str, *, header_in_environment: bool, url: bool = False) -> Send:
    def send(running: Receiving, authorization: str) -> None:
        address = running.grpc if protocol == "grpc" else running.http
        target = address if not url else f"http://{address}" if protocol == "grpc" else f"http://{address}/v1/logs"
        arguments, environment = [*made(), protocol, target, str(RECORDS)], dict(os.environ)
        if authorization and header_in_environment:
            environment["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization={authorization}"
        elif authorization:
            arguments.append(authorization)
        subprocess.run(arguments, env=environment, capture_output=True, timeout=150, check=False)

    return send


def javascript(protocol: str) -> Send:
    script = ["node", str(with_packages(HERE / "javascript"))]
    return command(lambda: script, protocol, header_in_environment=True, url=True)


PYTHON = {"Python, gRPC": lambda: python("grpc"), "Python, HTTP": lambda: python("http")}
SENDERS: dict[str, Callable[[], Send]] = {
    **PYTHON,
    "JavaScript, gRPC": lambda: javascript("grpc"),
    "JavaScript, HTTP with JSON": lambda: javascript("http"),
    "JavaScript, HTTP with protobuf": lambda: javascript("proto"),
    "Go, gRPC": lambda: command(lambda: [str(go_sender())], "grpc", header_in_environment=True),
    "Go, HTTP": lambda: command(lambda: [str(go_sender())], "http", header_in_environment=True),
    "Java, gRPC": lambda: command(java_sender, "grpc", header_in_environment=False),
    "Java, HTTP": lambda: command(java_sender, "http", header_in_environment=False),
}


class Unsure:
    """For the first request nobody can tell who it is."""

    def __init__(self, behind: Any) -> None:
        self._behind, self._asked = behind, 0

    def authenticate(self, request: Any) -> Any:
        self._asked += 1
        if self._asked == 1:
            raise Unavailable("the keys can't be read now, try again", 0.2)
        return self._behind.authenticate(request)


class TooFast:
    """The first request is above the limit of its domain."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, arrival: Any) -> None:
        self._seen += 1
        if self._seen == 1:
            raise Exhausted("slow down", 0.5)


def outcome(running: Receiving, send: Send, authorization: str) -> str:
    """What became of five records."""
    arrived, before = running.intake.records, sum(running.admission.statistics().refused_requests.values())
    send(running, authorization)
    arrived = running.intake.records - arrived
    refused = sum(running.admission.statistics().refused_requests.values()) - before
    if arrived == RECORDS:
        return "arrives" if not refused else "sent again, arrives"
    return "dropped at once" if refused == 1 else f"dropped after {refused} tries" if refused else "not sent"


def of_api_keys(send: Send) -> dict[str, str]:
    """Credential → outcome."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        good, reader, revoked = new_key(KeyKind.INGEST), new_key(KeyKind.READER), new_key(KeyKind.INGEST)
        store = KeyStore(folder / FILE)
        for made, kind, more in (
            (good, KeyKind.INGEST, {}),
            (reader, KeyKind.READER, {}),
            (revoked, KeyKind.INGEST, {"revoked_at": 1}),
        ):
            store.add(Key(made.id, kind, "tamyla.com", made.digest, **more))
        shown = {
            "good": good.text,
            "wrong": new_key(KeyKind.INGEST).text,
            "revoked": revoked.text,
            "none": "",
            "a reader's": reader.text,
        }
        return observed(
            send, extension("api_keys", folder), {name: key and f"Bearer {key}" for name, key in shown.items()}
        )


def of_basicauth(send: Send) -> dict[str, str]:
    asked = extension("basicauth", Path(), htpasswd={"inline": "till:s3cret-of-mine"})
    shown = {"good": "till:s3cret-of-mine", "wrong": "till:another", "none": ""}
    return observed(
        send, asked, {name: text and f"Basic {base64.b64encode(text.encode()).decode()}" for name, text in shown.items()},
        DomainRules(),
    )  # fmt: skip


def of_oidc(send: Send) -> dict[str, str]:
    with OidcProvider("RS256") as provider:
        asked = extension("oidc", Path(), issuer_url=provider.url, audience="logboom")
        good, reader = provider.token(), provider.token(scope="logs:read")
        provider.audience = "another"
        shown = {
            "good": good,
            "wrong": f"{good[:-4]}AAAA",
            "for others": provider.token(),
            "none": "",
            "a reader's": reader,
        }
        deadline = time.monotonic() + 10
        while not asked._keys[provider.url]._keys and time.monotonic() < deadline:
            time.sleep(0.05)
        return observed(send, asked, {name: token and f"Bearer {token}" for name, token in shown.items()})


def of_client_certificate(protocol: str) -> dict[str, str]:
    """Python's alone: certificates are given to its exporters in other ways than headers."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)  # requests prefers them to what its session was given
    with tempfile.TemporaryDirectory() as text:
        authority = Authority(Path(text))
        server = authority.issue("server")
        tls = {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(authority.ca_file)}
        rules = [{"san_uri": "spiffe://tests/till", "domain": "tamyla.com"}]
        asked = extension("client_certificate", Path(), rules=rules)
        found = {}
        for name, of in (("good", "till"), ("of nobody", "stranger")):
            found[name] = observed(certified(protocol, authority, of), asked, {"": ""}, tls=tls)[""]
        with guarded(asked, tls=tls, first=Unsure) as running:
            found["503 with a hint"] = outcome(running, certified(protocol, authority, "till"), "")
        return found


def certified(protocol: str, authority: Authority, name: str) -> Send:
    import grpc

    pair = authority.issue(name)
    credentials = grpc.ssl_channel_credentials(
        authority.ca_file.read_bytes(), pair.key.read_bytes(), pair.cert.read_bytes()
    )
    files = {
        "certificate_file": str(authority.ca_file),
        "client_key_file": str(pair.key),
        "client_certificate_file": str(pair.cert),
    }
    return python(protocol, grpc={"credentials": credentials}, http=files)


def extension(name: str, folder: Path, **given: Any) -> Any:
    factory = default_registry().find(Kind.EXTENSION, name)
    assert factory is not None
    made = factory.create(factory.config.model_validate(given), Context(name, folder))
    made.start()
    return made


@contextmanager
def guarded(
    asked: Any,
    *,
    tls: dict[str, str] | None = None,
    first: Callable[[Any], Any] = lambda it: it,
    rules: DomainRules = RULES,
    **more: Any,
) -> Iterator[Receiving]:
    block = {"auth": {"authenticator": "door"}, **({"tls": tls} if tls else {})}
    options = {"protocols": {"grpc": block, "http": block}}
    with receiving(options, rules=rules, extensions={"door": first(asked)}, **more) as running:
        yield running


def observed(
    send: Send, asked: Any, shown: dict[str, str], rules: DomainRules = RULES, tls: dict[str, str] | None = None
) -> dict[str, str]:
    """Outcomes of what is shown, and of a good one that can't be told, or comes too fast."""
    with ExitStack() as stack:
        stack.callback(asked.shutdown)
        found = {}
        for name, authorization in shown.items():  # each at a door of its own: too many wrong ones close it
            with guarded(asked, rules=rules, tls=tls) as running:
                found[name] = outcome(running, send, authorization)
        if "good" in shown:
            with guarded(asked, rules=rules, first=Unsure) as running:
                found["503 with a hint"] = outcome(running, send, shown["good"])
            with guarded(asked, rules=rules, before=[TooFast()]) as running:
                found["429 with a hint"] = outcome(running, send, shown["good"])
        return found


Table = dict[str, dict[str, dict[str, str]]]
"""Authenticator → sender → credential → outcome."""


def answers(senders: dict[str, Callable[[], Send]]) -> Table:
    """All of it; certificates and passwords with Python."""
    table: Table = {"api_keys": {}, "basicauth": {}, "oidc": {}, "client_certificate": {}}
    for name, made in senders.items():
        send = made()
        for authenticator, observe in (("api_keys", of_api_keys), ("basicauth", of_basicauth), ("oidc", of_oidc)):
            table[authenticator][name] = observe(send)
    for protocol in ("grpc", "http"):
        table["client_certificate"][f"Python, {'gRPC' if protocol == 'grpc' else 'HTTP'}"] = of_client_certificate(
            protocol
        )
    return table


def markdown(table: Table) -> str:
    """A row a sender, a column a credential, for each authenticator."""
    blocks = []
    for authenticator, by_sender in table.items():
        columns = list(next(iter(by_sender.values())))
        head = [f"| `{authenticator}` | {' | '.join(columns)} |", f"| {' | '.join(['---'] * (len(columns) + 1))} |"]
        rows = [
            f"| {sender} | {' | '.join(found[column] for column in columns)} |" for sender, found in by_sender.items()
        ]
        blocks.append("\n".join([*head, *rows]))
    return "\n\n".join(blocks)


def main() -> None:
    table = answers(SENDERS)
    GOLDEN.write_text(json.dumps(table, indent=1) + "\n")
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{markdown(table)}\n{END}{rest.partition(END)[2]}")
    sys.stdout.write(f"{markdown(table)}\n")


if __name__ == "__main__":
    main()
