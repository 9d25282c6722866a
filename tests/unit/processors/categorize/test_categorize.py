"""Categories on single records; the corpus in tests/corpus covers many more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch, ValueKind
from collector.component import Context
from collector.lines.stack_traces import find
from collector.samples import batch_of
from collector.testing.work import FakeWork
from processors.categorize.component import class_of_function, file_stem, last_name
from processors.categorize.config import CategorizeConfig
from processors.categorize.endpoint import route, template
from processors.categorize.environment import by_name
from processors.categorize.processor import COMPONENT, ENDPOINT, ERROR_TYPE, SOURCE_TYPE, Categorize
from processors.categorize.severity import of_syslog, of_word

ENVIRONMENT = "deployment.environment.name"


def categorized(*samples: dict[str, Any], **options: Any) -> LogBatch:
    processor = Categorize(CategorizeConfig.model_validate(options), Context("categorize", Path()))
    return processor.process(batch_of(samples), FakeWork())


PATHS = [
    ("/api/users/4711?tab=1", "/api/users/{id}"),
    ("/api/users/550e8400-e29b-41d4-a716-446655440000", "/api/users/{id}"),
    ("https://shop.example:8443/a/12/b#c", "/a/{id}/b"),
    ("/files/d41d8cd98f00b204e9800998ecf8427e.pdf", "/files/{id}.pdf"),
    ("/reports/2026-01-31/daily", "/reports/{date}/daily"),
    ("/u/bob@example.com", "/u/{email}"),
    ("/api/v1/items", "/api/v1/items"),
    ("/oauth2/token", "/oauth2/token"),
    ("/blog/how-we-fixed-our-deadlock", "/blog/{slug}"),
    ("/blog/my-top-ten-of-2026", "/blog/{slug}"),
    ("/help/terms-and-conditions", "/help/terms-and-conditions"),
    ("/rpc/get_user_order_list", "/rpc/get_user_order_list"),
    ("/x/" + "a" * 100, "/x/{id}"),
    ("/" + "/".join("abcdefghijklmnopqrst"), "/a/b/c/d/e/f/g/h/i/j/k/l/{rest}"),
    ("/", "/"),
    ("", None),
    ("not a path", None),
    ("https://[broken", None),
]


@pytest.mark.parametrize(("path", "endpoint"), PATHS)
def test_paths_become_endpoints(path: str, endpoint: str | None) -> None:
    assert template(path) == endpoint


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("/users/:id/orders", "/users/{id}/orders"),
        ("users/<int:pk>/", "/users/{pk}"),
        ("/blog/[slug]", "/blog/{slug}"),
        ("/api/v2/{tenant}/7", "/api/v2/{tenant}/7"),
    ],
)
def test_routes_are_believed_and_written_in_one_style(written: str, endpoint: str) -> None:
    assert route(written) == endpoint


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("shop-prod-eu1", "production"),
        ("prod2.example.com", "production"),
        ("product-catalog", None),
        ("reproduction", None),
        ("non-prod", None),
        ("pre-prod", "staging"),
        ("shopDev", "development"),
        ("dev-to-prod-sync", None),
        ("localhost", None),
    ],
)
def test_names_tell_environments_by_whole_words(name: str, environment: str | None) -> None:
    assert by_name(name) == environment


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("com.acme.auth.AuthValidator.check", "AuthValidator"),
        ("Acme.Pricing.PriceService.Calculate", "PriceService"),
        ("example.com/shop/pay.(*Service).Charge", "Service"),
        ("acme::index::Builder::push", "Builder"),
        ("Acme\\Mail\\Sender::send", "Sender"),
        ("Outer$Inner.call", "Inner"),
        ("validate", None),
    ],
)
def test_functions_tell_their_class(name: str, component: str | None) -> None:
    assert class_of_function(name) == component


def test_loggers_and_files_tell_modules() -> None:
    assert last_name("shop.billing.invoices") == "invoices"
    assert last_name("worker-17") == "worker"
    assert last_name("@opentelemetry/instrumentation-pino") is None
    assert file_stem("/srv/app/data_service.py") == "data_service"
    assert file_stem("/srv/cart/index.ts") == "cart"


WORDS = [
    ("WARN", 13),
    ("warn2", 14),
    ("Information", 9),
    ("crit", 18),
    ("30", 9),
    ("60", 21),
    ("finest", 1),
    ("x", None),
]


@pytest.mark.parametrize(("word", "number"), WORDS)
def test_words_of_levels(word: str, number: int | None) -> None:
    assert of_word(word) == (None if number is None else str(number))


def test_syslog_priorities() -> None:
    assert [of_syslog(value) for value in ("0", "13", "165", "191", "192")] == ["21", "10", "10", "5", None]


TRACES = [
    (
        "python",
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nValueError: bad\n\nDuring handling of the '
            'above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b.py", line 2, in h\n'
            "app.errors.Failed: worse"
        ),
        "app.errors.Failed",
        "worse",
    ),
    (
        "java",
        (
            "request failed\ncom.acme.OrderException: no stock\n\tat com.acme.Orders.take(Orders.java:9)\nCaused by: "
            "java.sql.SQLException: down\n\t... 3 more"
        ),
        "com.acme.OrderException",
        "no stock",
    ),
    (
        "java",
        'Exception in thread "main" java.lang.NullPointerException\n\tat a.B.c(B.java:1)',
        "java.lang.NullPointerException",
        "",
    ),
    (
        "javascript",
        "TypeError: x is undefined\n    at f (/app/a.js:1:2)\n    at /app/b.js:3:4",
        "TypeError",
        "x is undefined",
    ),
    ("javascript", "Error: gone\nrender@https://a.example/x.js:10:5", "Error", "gone"),
    ("go", "panic: oops\n\ngoroutine 1 [running]:\nmain.f(...)\n\t/src/main.go:3", "panic", "oops"),
    (
        "dotnet",
        "System.InvalidOperationException: none\n   at Acme.Rules.First(IEnumerable`1 x) in /src/Rules.cs:line 20",
        "System.InvalidOperationException",
        "none",
    ),
    (
        "ruby",
        "app/a.rb:3:in `f': undefined method (NoMethodError)\n\tfrom app/b.rb:1:in `g'",
        "NoMethodError",
        "undefined method",
    ),
    (
        "php",
        "PHP Fatal error:  Uncaught App\\Boom: no in /a.php:3\nStack trace:\n#0 /b.php(9): a()\n#1 {main}",
        None,
        None,
    ),
    (
        "php",
        "PHP Fatal error:  Uncaught App\\BoomException: no in /a.php:3\nStack trace:\n#0 /b.php(9): a()\n#1 {main}",
        "App\\BoomException",
        "no",
    ),
    ("rust", "thread 'main' panicked at src/main.rs:10:5:\nindex out of bounds", "panic", "index out of bounds"),
    ("rust", "thread 'main' panicked at 'boom', src/main.rs:10:5", "panic", "boom"),
]


@pytest.mark.parametrize(("language", "body", "type_", "message"), TRACES)
def test_stack_traces_are_read(language: str, body: str, type_: str | None, message: str | None) -> None:
    trace = find(body)
    if type_ is None:
        assert trace is None
        return
    assert trace is not None
    assert (trace.language, trace.type, trace.message) == (language, type_, message)


@pytest.mark.parametrize(
    "body", ["at home\n    at work", "Traceback enabled", "#0 is the first", "in the panic: room", ""]
)
def test_text_that_looks_like_one_is_none(body: str) -> None:
    assert find(body) is None


HOSTILE = [
    "A" * 60_000,
    "a." * 30_000,
    "(" * 60_000,
    "(a)" * 20_000,
    ":1" * 30_000,
    "A::" * 20_000,
    "A\\" * 30_000,
    " " * 60_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:4])
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    """Each mark of a stack trace, before and after text that makes careless expressions backtrack."""
    for mark in (
        "panic: x\ngoroutine 1 [running]:\n",
        "\n    at ",
        "Traceback (most recent call last):\n",
        "#0 ",
        ":in `",
    ):
        find(f"{text}\n{mark}{text}")


def test_a_trace_in_the_body_fills_the_attributes_but_what_was_sent_wins() -> None:
    body = "boom\njava.lang.IllegalStateException: no\n\tat com.acme.Till.open(Till.java:3)"
    batch = categorized({"body": body}, {"body": body, "attributes": {"exception.type": "Sent"}}, {"body": "fine"})
    assert batch.attribute("exception.type").to_list() == ["java.lang.IllegalStateException", "Sent", None]
    assert batch.attribute("exception.message").to_list() == ["no", "no", None]
    assert batch.attribute(ERROR_TYPE).to_list() == ["exception", "exception", "none"]
    assert batch.attribute(COMPONENT).to_list() == ["Till", "Till", None]


def test_a_severity_that_was_sent_is_left_alone() -> None:
    batch = categorized({"body": "ERROR x", "severity": "INFO"}, {"body": "ERROR x"}, {"body": "nothing said"})
    assert batch.column("severity_number").to_list() == [9, 17, 0]


def test_an_unknown_environment_stays_as_it_was_sent() -> None:
    batch = categorized(
        {"body": "x", "attributes": {ENVIRONMENT: "blue"}},
        {"body": "x", "resource": {ENVIRONMENT: "blue", "host.name": "prod-1"}},
    )
    assert batch.attribute(ENVIRONMENT).to_list() == ["blue", None]


def test_house_names_of_environments() -> None:
    batch = categorized({"body": "x", "resource": {ENVIRONMENT: "Blue"}}, environments={"blue": "production"})
    assert batch.attribute(ENVIRONMENT)[0] == "production"


def test_records_are_neither_lost_nor_reordered() -> None:
    samples = [{"body": f"ERROR {i}" if i % 3 else {"n": i}, "attributes": {"i": i}} for i in range(100)]
    before = batch_of(samples)
    after = categorized(*samples)
    assert after.column("record_id").len() == 100
    assert after.column("body").to_list() == before.column("body").to_list()


def test_what_is_switched_off_is_not_set() -> None:
    options = dict.fromkeys(("environment", "source_type", "error_type", "component", "endpoint", "severity"), False)
    batch = categorized({"body": "ERROR x"}, **options)
    assert batch.derived.width == 0
    assert batch.column("severity_number").to_list() == [0]


def test_a_batch_of_no_records() -> None:
    processor = Categorize(CategorizeConfig(), Context("categorize", Path()))
    assert len(processor.process(LogBatch.empty(), FakeWork())) == 0


def test_the_number_of_components_and_endpoints_stays_small() -> None:
    """A thousand users and workers are one endpoint and one component."""
    batch = categorized(
        *({"body": "x", "scope": f"worker-{i}", "attributes": {"url.path": f"/u/{i}a{i}"}} for i in range(1000))
    )
    assert batch.attribute(COMPONENT).n_unique() == 1
    assert batch.attribute(ENDPOINT).n_unique() == 1
    assert batch.attribute(SOURCE_TYPE).unique().to_list() == ["logic"]


def test_explain_names_the_evidence() -> None:
    processor = Categorize(CategorizeConfig(), Context("categorize", Path()))
    explained = processor.explain(batch_of([{"body": "x", "resource": {"service.name": "shop-prod"}}]))
    deciding = {told.subject: (told.because, told.answer) for told in explained if told.decides}
    assert deciding[ENVIRONMENT] == ("resource attribute service.name", "production")
    assert deciding[COMPONENT] == ("resource attribute service.name", "shop-prod")
    assert deciding[SOURCE_TYPE] == ("default", "logic")


def test_json_and_logfmt_bodies_become_attributes_when_asked_for() -> None:
    samples = (
        {
            "body": '{"level":"warn","user":{"id":7},"n":1,"f":1.5,"ok":true,"none":null,"sent":"body"}',
            "attributes": {"sent": "x"},
        },
        {"body": 'level=error msg="it \\"broke\\"" method=GET path=/users/12'},
        {"body": "a=b"},
        {"body": '{"broken": '},
        {"body": {"level": "info"}},
    )
    batch = categorized(*samples, parse_bodies=["json", "logfmt"])
    assert batch.attribute("n", ValueKind.INT).to_list() == [1, None, None, None, None]
    assert batch.attribute("f", ValueKind.DOUBLE)[0] == 1.5
    assert batch.attribute("ok", ValueKind.BOOL)[0] is True
    assert batch.attribute("user", ValueKind.ANY)[0] is not None
    assert batch.attribute("sent").to_list()[0] == "x"
    assert batch.attribute("msg").to_list() == [None, 'it "broke"', None, None, None]
    assert batch.attribute(ENDPOINT).to_list()[1] == "/users/{id}"
    assert batch.column("severity_number").to_list() == [13, 17, 0, 0, 9]
    assert batch.attributes.get_column("owner").is_sorted()
    assert categorized(*samples).attribute("n", ValueKind.INT).null_count() == 5


@pytest.mark.parametrize("depth", [40, 300, 1000])
def test_bodies_nested_deeper_than_a_message_may_be(depth):
    """Any sender can write them; they are taken apart as far as it goes."""
    deep = '{"a":' * depth + "1" + "}" * depth
    batch = categorized({"body": f'{{"n": 1, "deep": {deep}}}'}, parse_bodies=["json"])
    assert batch.attribute("n", ValueKind.INT).to_list() == [1]
    assert batch.attribute("deep", ValueKind.ANY)[0] is not None
