"""The cast: services, and the sentences they log. A sentence is a template; `{…}` fields are drawn from a seeded
generator, so that a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

TRACE, DEBUG, INFO, WARN, ERROR, FATAL = 1, 5, 9, 13, 17, 21
SEVERITY_TEXT = {TRACE: "TRACE", DEBUG: "DEBUG", INFO: "INFO", WARN: "WARN", ERROR: "ERROR", FATAL: "FATAL"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One kind of log line. `weight` is how often it is said; `error` is (exception type, message template)."""

    weight: int
    severity: int
    logger: str
    text: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    error: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One instrumented program. `protocol` is what its SDK speaks in the demo."""

    domain: str
    name: str
    environment: str
    protocol: str
    language: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence with its fields filled in."""

    service: Service
    severity: int
    logger: str
    body: str
    attributes: Mapping[str, str | int]
    error: tuple[str, str] | None


_API = {"http.request.method": "GET", "http.route": "/api/users/{{id}}", "url.path": "/api/users/{number}"}
_CHECKOUT = {"http.request.method": "POST", "http.route": "/api/orders", "url.path": "/api/orders"}

SERVICES: tuple[Service, ...] = (
    Service("tamyla.com", "storefront", "production", "http", "webjs", (
        Sentence(20, INFO, "router", "navigated to /products/{number}", {"url.path": "/products/{number}"}),
        Sentence(8, INFO, "cart.CartView", "cart shown with {small} items", {"url.path": "/cart"}),
        Sentence(3, WARN, "api.client", "request to /api/orders took {millis} ms", {"url.path": "/checkout"}),
        Sentence(2, ERROR, "checkout.PaymentForm", "Uncaught (in promise) TypeError: Cannot read properties of "
                 "undefined (reading 'total')", {"url.path": "/checkout"},
                 ("TypeError", "Cannot read properties of undefined (reading 'total')")),
    )),
    Service("tamyla.com", "checkout-api", "production", "grpc", "python", (
        Sentence(30, INFO, "checkout.OrderService", "order {id} accepted for user {number}", _CHECKOUT),
        Sentence(12, DEBUG, "checkout.PriceCalculator", "price of {small} lines computed in {millis} ms"),
        Sentence(6, INFO, "checkout.AuthValidator", "token of user {number} is valid", _API),
        Sentence(3, WARN, "checkout.AuthValidator", "failed login for user{number}@example.com from {ip}",
                 {"http.route": "/api/login", "url.path": "/api/login", "client.address": "{ip}"}),
        Sentence(2, ERROR, "checkout.DataService", "query failed after {millis} ms", _CHECKOUT,
                 ("psycopg.OperationalError", "connection to server at \"db-1\", port 5432 failed: Connection refused")),
        Sentence(1, FATAL, "checkout.OrderService", "cannot allocate memory: worker {small} is going down"),
    )),
    Service("tamyla.com", "postgres", "production", "grpc", "c", (
        Sentence(10, INFO, "postgres", "LOG:  checkpoint complete: wrote {number} buffers"),
        Sentence(2, WARN, "postgres", "could not receive data from client: Connection reset by peer"),
        Sentence(1, ERROR, "postgres", "ERROR:  deadlock detected"),
        Sentence(1, ERROR, "postgres", "FATAL:  remaining connection slots are reserved for superuser connections"),
    )),
    Service("wetechfounders.com", "community-web", "staging", "http", "nodejs", (
        Sentence(18, INFO, "http", "GET /posts/{number} 200 {millis}ms",
                 {"http.route": "/posts/:id", "url.path": "/posts/{number}"}),
        Sentence(6, INFO, "http", "GET /healthz 200 1ms", {"url.path": "/healthz"}),
        Sentence(3, WARN, "RateLimiter", "429 Too Many Requests for {ip}", {"url.path": "/api/search"}),
        Sentence(2, ERROR, "FeedService", "failed to load feed of user {number}", {"url.path": "/feed"},
                 ("AxiosError", "getaddrinfo ENOTFOUND feed.internal")),
    )),
    Service("wetechfounders.com", "mailer", "production", "grpc", "java", (
        Sentence(10, INFO, "com.wetechfounders.mail.DigestJob", "digest {id} sent to {number} members"),
        Sentence(4, DEBUG, "com.wetechfounders.mail.Template", "rendered template welcome-{small}"),
        Sentence(2, ERROR, "com.wetechfounders.mail.SmtpClient", "could not deliver mail {id}", {},
                 ("java.net.SocketTimeoutException", "Read timed out")),
        Sentence(1, WARN, "com.wetechfounders.mail.TlsMonitor", "certificate of smtp-2 expires in {small} days"),
    )),
    Service("wetechfounders.com", "ingress", "production", "http", "c", (
        Sentence(24, INFO, "nginx.access", "{ip} - - \"GET /assets/app.{id}.js HTTP/1.1\" 200 {number}"),
        Sentence(3, WARN, "nginx.error", "upstream response is buffered to a temporary file"),
        Sentence(1, ERROR, "nginx.error", "connect() failed (111: Connection refused) while connecting to upstream"),
    )),
)  # fmt: skip


def lines(seed: int, services: tuple[Service, ...] = SERVICES) -> Iterator[Line]:
    """An endless, repeatable stream of lines."""
    draw = random.Random(seed)  # noqa: S311 - sample data, nothing secret
    pool = [(service, sentence) for service in services for sentence in service.sentences]
    weights = [sentence.weight for _, sentence in pool]
    while True:
        for service, sentence in draw.choices(pool, weights, k=256):
            yield _fill(service, sentence, draw)


def _fill(service: Service, sentence: Sentence, draw: random.Random) -> Line:
    fields = {
        "number": draw.randrange(1, 100_000),
        "small": draw.randrange(1, 12),
        "millis": draw.randrange(1, 5_000),
        "id": f"{draw.getrandbits(48):012x}",
        "ip": f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}",
    }
    attributes: dict[str, str | int] = {key: value.format(**fields) for key, value in sentence.attributes.items()}
    attributes |= _origin(service, sentence, draw)
    error = (sentence.error[0], sentence.error[1].format(**fields)) if sentence.error else None
    return Line(service, sentence.severity, sentence.logger, sentence.text.format(**fields), attributes, error)


def _origin(service: Service, sentence: Sentence, draw: random.Random) -> dict[str, str | int]:
    """What instrumentation adds to every record: where in the code it was said, or by which process."""
    if service.language == "c":
        return {
            "process.pid": 100 + draw.randrange(8),
            "log.iostream": "stderr",
            "log.file.name": f"{service.name}.log",
        }
    module, _, name = sentence.logger.rpartition(".")
    return {
        "code.function.name": f"{sentence.logger}.handle",
        "code.file.path": f"/app/{(module or name).replace('.', '/')}/{name}.{service.language}",
        "code.line.number": 20 + len(sentence.text),
        "thread.name": f"worker-{draw.randrange(8)}",
    }


def resource_of(service: Service) -> dict[str, str]:
    """The resource attributes that a service's SDK and its resource detectors set."""
    return {
        "service.name": service.name,
        "service.version": "2.14.3",
        "service.instance.id": f"{service.name}-7c9f4d-x2k1",
        "deployment.environment.name": service.environment,
        "telemetry.sdk.language": service.language,
        "host.name": f"node-{len(service.name)}",
        "k8s.namespace.name": service.domain.partition(".")[0],
        "k8s.pod.name": f"{service.name}-7c9f4d-x2k1",
    }
