"""Each rule is told by its examples, by the first one that matches; and what people wrote of earlier occurrences."""

import pytest

from collector.causes.suggestion import SURE, Known, Resolution, rules, suggest

MATCHES = [(rule.id, text) for rule in rules() for text in rule.match]
MISSES = [(rule.id, text) for rule in rules() for text in rule.miss]


@pytest.mark.parametrize(("rule", "text"), MATCHES, ids=str)
def test_a_text_is_told_by_its_rule(rule, text):
    assert suggest(Known("shop", [text]))[0].because == f"rule {rule}"


@pytest.mark.parametrize(("rule", "text"), MISSES, ids=str)
def test_a_text_that_only_looks_like_it_is_not(rule, text):
    assert f"rule {rule}" not in [one.because for one in suggest(Known("shop", [text]))]


def test_rules_have_names_of_their_own_and_examples():
    assert len({rule.id for rule in rules()}) == len(rules())
    assert all(rule.match and rule.miss for rule in rules())


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ('connection to server at "db-1", port 5432 failed: Connection refused', "db-1"),
        ("connect ECONNREFUSED 10.0.4.7:6379", "10.0.4.7:6379"),
        ("getaddrinfo ENOTFOUND feed.internal", "feed.internal"),
        ("write /var/lib/data/wal: no space left on device", ""),
        ('relation "orders_v2" does not exist', "orders_v2"),
        ("missing required environment variable STRIPE_KEY", "STRIPE_KEY"),
        ("ModuleNotFoundError: No module named 'stripe'", "stripe"),
        ("503 Service Unavailable from payments", "payments"),
    ],
    ids=str,
)
def test_the_target_is_what_the_text_names(text, target):
    first = suggest(Known("shop", [text]))[0]
    assert first.target == target
    assert target in first.sentence


def test_texts_that_disagree_are_not_sure():
    texts = ["connection refused", "certificate has expired", "deadlock detected", "hello", "hello again"]
    assert all(one.confidence < SURE for one in suggest(Known("shop", texts)))


def test_targets_that_differ_are_not_named():
    texts = [f"connect ECONNREFUSED 10.0.0.{n}:80" for n in range(10)]
    assert suggest(Known("shop", texts))[0].target == ""


def test_what_somebody_wrote_when_it_was_resolved_is_told():
    known = Known(
        "shop", ["hello"], [Resolution("ann", "", ""), Resolution("bob", "restarted pgbouncer", when="3 d ago")]
    )
    first = suggest(known)[0]
    assert first.sentence == "it was resolved before by bob (3 d ago): restarted pgbouncer"


def test_of_nothing_nothing_is_suggested():
    assert suggest(Known("", [])) == []
    assert suggest(Known("shop", ["user 7 logged in", ""])) == []


def test_hostile_texts_end_soon():
    text = "from " * 2000 + "a." * 2000 + "(" * 500
    assert suggest(Known("shop", [text] * 200)) is not None
