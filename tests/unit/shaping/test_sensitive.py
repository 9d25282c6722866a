"""What leaves for a reader outside has no credential, person or address in it; what explains a fault stays."""

from __future__ import annotations

import pytest

from collector.shaping.sensitive import masked

HIDDEN = {
    "mail": ("no account for anna.m+x@tamyla.co.uk today", "no account for **** today"),
    "IPv4": ("refused by 10.1.2.3:5432", "refused by ****:5432"), "IPv6": ("from fe80::1ff:fe23:4567:890a%eth0", "from ****%eth0"),
    "MAC": ("lease for 00:1a:2b:3c:4d:5e", "lease for ****"), "a named value": ("login failed password=hunter2, user=7", "login failed password=****, user=7"),
    "a quoted one": ("api_key: 'a b' and on", "api_key: **** and on"), "JSON": ('{"access_token":"zz9","n":3}', '{"access_token":****,"n":3}'),
    "a header": ("Authorization: Bearer abc.def, Accept: x", "Authorization: ****, Accept: x"), "bearer": ("sent bearer abcdef0123", "sent ****"),
    "a URL's user": ("postgres://app:p4ss@db:5432/shop", "postgres://****@db:5432/shop"), "AWS": ("key AKIAIOSFODNN7EXAMPLE used", "key **** used"),
    "GitHub": ("ghp_0123456789abcdefghijABCDEFGHIJ01 leaked", "**** leaked"), "ours": (f"lbi_3k7h9q2m4n5p_{'A1' * 24}b", "****"),
    "a JWT": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_ rejected", "**** rejected"), "a card": ("card 4111 1111 1111 1111 declined", "card **** declined"),
    "an account": ("to DE89 3704 0044 0532 0130 00 failed", "to **** failed"), "a phone": ("call +49 151 1234567 back", "call **** back"),
    "a hash": ("etag 3b18e512dba79e4c8300dd08aeb37f8e", "etag ****"), "a long key": (f"k {'aB3' * 15} z", "k **** z"),
    "a private key": ("-----BEGIN RSA PRIVATE KEY-----\\nMIIEabc\\n-----END RSA PRIVATE KEY-----".replace("\\n", "\n"), "****"),
    "JSON in JSON": (r'{"m":"{\"password\":\"hunter2\",\"n\":3}"}', r'{"m":"{\"password\":****,\"n\":3}"}'),
    "JSON in JSON with a quote": (r'{\"password\":\"hun\\\"ter 2\", \"n\":3}', r'{\"password\":****, \"n\":3}'),
    "JSON in JSON in JSON": (r'{\\\"pwd\\\":\\\"hunter 2\\\",\\\"n\\\":3}', r'{\\\"pwd\\\":****,\\\"n\\\":3}'),
    "a quote within quotes": (r'{"password":"hun\"ter 2","n":3}', '{"password":****,"n":3}'),
    "a map of Ruby": ('{"password" => "hunter2", "n" => 3}', '{"password" => ****, "n" => 3}'),
    "a map of PHP": ("Array ( [password] => hunter2 [n] => 3 )", "Array ( [password] => **** [n] => 3 )"),
    "an index": ("$_POST['password'] = 'hunter 2'; x", "$_POST['password'] = ****; x"), "Go": ('password := "hunter 2"', "password := ****"),
    "a comparison": ('token == "hunter 2"', "token == ****"), "a URL's password": ("redis://:hunter2@cache:1", "redis://****@cache:1"),
    "a URL's token": ("git://hunter2@cache/x", "git://****@cache/x"), "a URL's password with @": ("amqp://app:p@ss@mq/x", "amqp://****@mq/x"),
    "cookies": ("Cookie: lang=en; sid=abc\nHost: x", "Cookie: ****\nHost: x"), "one cookie": ("cookie=abc, user=7", "cookie=****, user=7"),
    "a cookie that is set": ("set-cookie: sid=abc; Expires=Wed, 21 Oct 2026", "set-cookie: ****"),
    "digest": ('authorization=Digest username="anna", response="6f"\nx', "authorization=****\nx"),
    "a bare authorization": ("authorization=abc, user=7", "authorization=****, user=7"), "an option": ("run --password hunter2 -v", "run --password **** -v"),
    "options in a list": ("['x', '--db-password', 'hunter 2', '-v']", "['x', '--db-password', ****, '-v']"),
    "a quoted option": ('run --token "a b" -v', "run --token **** -v"), "XML": ("<a><db:password>a b</db:password></a>", "<a><db:password>****</db:password></a>"),
}  # fmt: skip
STAYS = [
    "at com.acme.shop.CheckoutServiceImpl.placeOrderWithAVeryLongNameIndeed(CheckoutServiceImpl.java:33)",
    "2026-11-30T01:02:03.123Z order 4711 took 812 ms, 3 of 5 retries", "std::vector<int>::at: index 12", "invalid token at line 3, column 40",
    "--no-password --verbose", "List<Token> of <b>", "see https://logboom.example/a@b for --help",
    "/usr/lib/python3.11/site-packages/django/core/handlers/exception.py", "4111111111111112 rows", "", "Überlauf bei Größe 12",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), HIDDEN.values(), ids=HIDDEN)
def test_it_is_hidden(text: str, wanted: str) -> None:
    """And again the same."""
    assert masked(text) == wanted
    assert masked(wanted) == wanted


@pytest.mark.parametrize("text", STAYS)
def test_it_stays(text: str) -> None:
    assert masked(text) == text
