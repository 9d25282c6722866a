"""api_keys: who shows a key sends for its domain; what is done to a key counts at the next look; nothing of it is shown."""

from __future__ import annotations

import base64
import logging
import time

import pytest

from collector.component import Context, Use
from collector.domains.key_store import FILE, KeyStore
from collector.domains.keys import Key, KeyKind, NewKey, new_key
from collector.errors import InvalidPayload, Refusal, Unauthenticated, Unavailable
from collector.extensions.api_keys import FACTORY
from collector.extensions.api_keys import authenticator as authenticator_module
from collector.extensions.api_keys.authenticator import ApiKeys
from counterparts.asking import Asking

NOW = int(time.time())


class Door:
    """An `api_keys` on a data directory, and the keys in it."""

    def __init__(self, folder, **options) -> None:
        self.store = KeyStore(folder / FILE)
        self.folder = folder
        self.options = options
        self.extension: ApiKeys = FACTORY.create(
            FACTORY.config.model_validate(options), Context("api_keys", folder)
        )  # fmt: skip

    def add(self, kind: KeyKind = KeyKind.INGEST, domain: str = "tamyla.com", **fields) -> NewKey:
        made = new_key(kind)
        self.store.add(Key(made.id, kind, domain, made.digest, created_at=NOW, **fields))
        return made

    def ask(self, headers=None, **more) -> str:
        """`domain id`, or the refusal's name and cause."""
        try:
            credential = self.extension.authenticate(Asking(headers or {}, **more))
        except Refusal as refusal:
            return f"{type(refusal).__name__} {getattr(refusal, 'cause', '')}".strip()
        return f"{credential.domain} {credential.id}"


@pytest.fixture
def door(tmp_path):
    found = Door(tmp_path)
    yield found
    found.extension.shutdown()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLACES = {
    "Bearer": lambda key: {"authorization": f"Bearer {key.text}"},
    "a scheme has no case": lambda key: {"authorization": f"bearer  {key.text}"},
    "Splunk": lambda key: {"authorization": f"Splunk {key.text}"},
    "ApiKey": lambda key: {"authorization": f"ApiKey {key.text}"},
    "ApiKey as Elastic's agents": lambda key: {"authorization": f"ApiKey {b64(f'{key.id}:{key.text}')}"},
    "a password": lambda key: {"authorization": f"Basic {b64(f'anybody:{key.text}')}"},
    "x-api-key": lambda key: {"x-api-key": key.text},
    "dd-api-key": lambda key: {"dd-api-key": key.text},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_where_a_key_may_stand(door, place):
    """Wherever senders that know nothing of us put one."""
    key = door.add()
    door.extension.start()
    assert door.ask(place(key)) == f"tamyla.com {key.id}"


REFUSED = {
    "nothing": (lambda key: {}, "Unauthenticated missing"),
    "an empty header": (lambda key: {"authorization": ""}, "Unauthenticated missing"),
    "another scheme": (lambda key: {"authorization": f"Digest {key.text}"}, "Unauthenticated malformed"),
    "no scheme": (lambda key: {"authorization": key.text}, "Unauthenticated malformed"),
    "no base64": (lambda key: {"authorization": "Basic ****"}, "Unauthenticated malformed"),
    "base64 of no text": (lambda key: {"authorization": "Basic /w=="}, "Unauthenticated malformed"),
    "a part of it": (lambda key: {"x-api-key": key.text[:-1]}, "Unauthenticated malformed"),
    "another one": (lambda key: {"x-api-key": new_key(KeyKind.INGEST).text}, "Unauthenticated unknown"),
    "its id": (lambda key: {"x-api-key": key.id}, "Unauthenticated malformed"),
    "what is no ASCII": (lambda key: {"x-api-key": "\xe9\u2028\udcff"}, "Unauthenticated malformed"),
    "two headers": (lambda key: {"authorization": [f"Bearer {key.text}"] * 2}, "InvalidPayload"),
    "two places": (lambda key: {"authorization": f"Bearer {key.text}", "x-api-key": key.text}, "InvalidPayload"),
}


@pytest.mark.parametrize(("headers", "expected"), REFUSED.values(), ids=REFUSED)
def test_who_is_not_let_in(door, headers, expected):
    """One sentence for whatever is wrong with a credential, and never a part of it."""
    key = door.add()
    door.extension.start()
    assert door.ask(headers(key)) == expected
    with pytest.raises((Unauthenticated, InvalidPayload)) as caught:
        door.extension.authenticate(Asking(headers(key)))
    if isinstance(caught.value, Unauthenticated):
        assert caught.value.reason in (
            "a key is needed: send authorization: Bearer KEY", "the credential is not valid",
        )  # fmt: skip
        assert ("invalid_token" in caught.value.challenges[0]) is (caught.value.cause != "missing")
    assert key.text[4:] not in caught.value.reason


def test_what_happens_to_a_key_counts_at_the_next_look(door):
    """Made, rotated, revoked, with times: within a look, without a restart."""
    door.extension.start()
    assert door.extension.known_domains() == frozenset()
    key = door.add()
    shown = {"x-api-key": key.text}
    assert door.ask(shown) == "Unauthenticated unknown"
    door.extension.reload()
    assert door.ask(shown) == f"tamyla.com {key.id}"
    heir = new_key(KeyKind.INGEST)
    door.store.rotate(Key(heir.id, KeyKind.INGEST, "tamyla.com", heir.digest), key.id, NOW + 10_000)
    door.extension.reload()
    assert door.ask(shown) == f"tamyla.com {key.id}"
    assert door.ask({"x-api-key": heir.text}) == f"tamyla.com {heir.id}"
    door.store.revoke(heir.id, NOW)
    door.extension.reload()
    assert door.ask({"x-api-key": heir.text}) == "Unauthenticated revoked"
    for fields, cause in (({"expires_at": NOW - 1}, "expired"), ({"not_before": NOW + 10_000}, "early")):
        late = door.add(**fields)
        door.extension.reload()
        assert door.ask({"x-api-key": late.text}) == f"Unauthenticated {cause}"


def test_domains_of_keys_are_known(door):
    """Also those of keys that are revoked, for their records are here; the same object until there is another."""
    key = door.add()
    door.extension.start()
    known = door.extension.known_domains()
    door.store.revoke(key.id, NOW)
    door.extension.reload()
    assert known == {"tamyla.com"}
    assert door.extension.known_domains() is known
    door.add(domain="other.example")
    door.extension.reload()
    assert door.extension.known_domains() == {"tamyla.com", "other.example"}


def test_keys_in_the_url(door):
    """A browser's alone, for `sendBeacon`; a header comes first; under the name that is configured."""
    public, secret = door.add(KeyKind.BROWSER), door.add()
    door.extension.start()
    assert door.ask(query={"key": [public.text]}) == f"tamyla.com {public.id}"
    assert door.ask(query={"key": [secret.text]}) == "Unauthenticated in_url"
    assert door.ask(query={"key": [public.text, public.text]}) == "InvalidPayload"
    assert door.ask(query={"key": [""]}) == "Unauthenticated missing"
    assert door.ask({"x-api-key": secret.text}, query={"key": [public.text]}) == f"tamyla.com {secret.id}"
    none = Door(door.folder, query_parameter="")
    none.extension.start()
    assert none.ask(query={"key": [public.text]}) == "Unauthenticated missing"
    none.extension.shutdown()


def test_a_file_that_can_not_be_read(door, caplog):
    """Who is known stays known; of others nobody can tell, so they come again; what is no key at all is refused. Told once."""
    key = door.add()
    door.extension.start()
    hidden = door.folder / "hidden"
    (door.folder / FILE).rename(hidden)
    for _ in range(3):
        door.extension.reload()
    assert door.ask({"x-api-key": key.text}) == f"tamyla.com {key.id}"
    assert door.ask({"x-api-key": new_key(KeyKind.INGEST).text}) == "Unavailable"
    assert door.ask({"x-api-key": "nonsense"}) == "Unauthenticated malformed"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    hidden.rename(door.folder / FILE)
    door.extension.reload()
    assert door.ask({"x-api-key": new_key(KeyKind.INGEST).text}) == "Unauthenticated unknown"


def test_a_broken_file_at_the_start_stops_nobody(door):
    """Senders keep their data until it is mended."""
    (door.folder / FILE).write_bytes(b"rubbish" * 500)
    door.extension.start()
    with pytest.raises(Unavailable) as caught:
        door.extension.authenticate(Asking({"x-api-key": new_key(KeyKind.INGEST).text}))
    assert caught.value.retry_after_secs


def test_declared_keys(tmp_path):
    """By their SHA-256, of any form; beside those of the file."""
    options = {
        "keys": [
            {"id": "ci", "sha256": NewKey("", "s3cr3t").digest.hex(), "domain": "Tamyla.com", "expires_at": "2999-01-01"},
            {"id": "old", "sha256": NewKey("", "other").digest.hex().upper(), "domain": "a.b", "expires_at": "2001-01-01T00:00:00Z"},
        ]
    }  # fmt: skip
    door = Door(tmp_path, **options)
    key = door.add()
    door.extension.start()
    assert door.ask({"x-api-key": "s3cr3t"}) == "tamyla.com ci"
    assert door.ask({"x-api-key": "other"}) == "Unauthenticated expired"
    assert door.ask({"x-api-key": key.text}) == f"tamyla.com {key.id}"
    assert door.extension.known_domains() == {"tamyla.com", "a.b"}
    door.extension.shutdown()


@pytest.mark.parametrize(
    "wrong",
    [
        {"keys": [{"id": "a", "sha256": "xyz", "domain": "a.b"}]},
        {"keys": [{"id": "a", "sha256": "0" * 64, "domain": "a b"}]},
        {"keys": [{"id": "a", "sha256": "0" * 64, "domain": "logboom"}]},
        {"keys": [{"id": "a", "sha256": "0" * 64, "domain": "a.b", "networks": ["x"]}]},
        {"keys": [{"id": "a", "sha256": "0" * 64, "domain": "a.b", "origins": ["a.b"]}]},
        {"keys": [{"id": "a", "sha256": "0" * 64, "domain": "a.b"}] * 2},
        {"headers": []},
        {"headers": ["a b"]},
    ],
)
def test_wrong_options(wrong):
    """Told before anything runs."""
    with pytest.raises(ValueError):
        FACTORY.config.model_validate(wrong)


def test_when_a_key_was_last_used(door, monkeypatch):
    """Written from memory once a minute, and at the end; declared keys are not in the file."""
    key = door.add()
    door.extension.start()
    door.ask({"x-api-key": key.text})
    door.extension.reload()
    assert door.store.find(key.id).last_used is None
    monkeypatch.setattr(authenticator_module, "USED_SECS", 0.0)
    door.extension.reload()
    assert door.store.find(key.id).last_used is not None
    before = door.store.find(key.id).last_used or 0
    door.ask({"x-api-key": key.text})
    door.extension.shutdown()
    assert (door.store.find(key.id).last_used or 0) >= before


def test_a_good_key_is_known_again(door):
    """While a network is closed for its guesses, its good senders go on."""
    key = door.add()
    door.extension.start()
    known = door.extension.recall(Asking({"x-api-key": key.text}))
    assert known is not None
    assert known.id == key.id
    assert door.extension.recall(Asking({"x-api-key": "guess"})) is None


def test_uses():
    """It asks senders; domains come with it."""
    config = FACTORY.config.model_validate({})
    assert config.provides() == {Use.SERVER_AUTHENTICATOR}
    assert config.gives_domains()


def changes(door) -> list[tuple]:
    return [(change.what, change.id, change.predecessor, change.days) for change in door.extension.changes()]


def test_what_people_do_is_told_once(door):
    """From the first look on: what was there before is no news."""
    old = door.add()
    door.extension.start()
    assert changes(door) == []
    new = door.add(name="till")
    door.extension.reload()
    heir = new_key(KeyKind.INGEST)
    door.store.rotate(Key(heir.id, KeyKind.INGEST, "tamyla.com", heir.digest), old.id, NOW + 400 * 86_400)
    door.extension.reload()
    door.store.revoke(new.id, NOW)
    door.extension.reload()
    door.extension.reload()
    assert changes(door) == [
        ("created", new.id, "", 0), ("rotated", heir.id, old.id, 0), ("revoked", new.id, "", 0),
    ]  # fmt: skip
    assert changes(door) == []


def test_keys_that_end_soon_are_told_as_their_end_comes_near(door):
    """14, 3, 1 day before; once each, and the nearest alone at the first look."""
    key = door.add(expires_at=NOW + 20 * 86_400)
    door.add(expires_at=NOW - 5)
    door.extension.start()
    seen = []
    for days in (20, 13.9, 13, 2.9, 2, 0.5, 0.4):
        door.extension._changes.passed(NOW + (20 - days) * 86_400)
        seen.append([day for what, ident, _, day in changes(door) if (what, ident) == ("expiring", key.id)])
    assert seen == [[], [14], [], [3], [], [1], []]


def test_when_keys_end_is_told_of_good_ones_that_end_soon(door):
    """Not of one that ended, was taken back, was rotated, or has long to go."""
    soon, later = door.add(expires_at=NOW + 86_400), door.add(expires_at=NOW + 13 * 86_400)
    taken_back, old = door.add(expires_at=NOW + 86_400), door.add()
    for days in (-1, 15):
        door.add(expires_at=NOW + days * 86_400)
    door.store.revoke(taken_back.id, NOW)
    heir = new_key(KeyKind.INGEST)
    door.store.rotate(Key(heir.id, KeyKind.INGEST, "tamyla.com", heir.digest), old.id, NOW + 86_400)
    assert door.extension.ending() == {}
    door.extension.start()
    assert door.extension._changes.ending(NOW) == {
        ("tamyla.com", soon.id): NOW + 86_400,
        ("tamyla.com", later.id): NOW + 13 * 86_400,
    }


@pytest.mark.parametrize("on_exposed", ["tell", "revoke"])
def test_a_live_key_that_stood_in_a_record_is_known_and_may_be_taken_back(tmp_path, on_exposed):
    """Of keys that are not good any more, or nobody's, nothing is told."""
    door = Door(tmp_path, on_exposed=on_exposed)
    key, ended = door.add(name="till"), door.add(expires_at=NOW - 5)
    door.extension.start()
    found = door.extension.exposed(key.text)
    assert found is not None
    assert (found.domain, found.id, found.attributes["key.name"]) == ("tamyla.com", key.id, "till")
    assert door.extension.exposed(ended.text) is None
    assert door.extension.exposed(new_key(KeyKind.INGEST).text) is None
    for _ in range(2):
        door.extension.reload()
    assert (door.ask({"x-api-key": key.text}) == "Unauthenticated revoked") == (on_exposed == "revoke")
    assert (door.store.find(key.id).revoked_at is not None) == (on_exposed == "revoke")
    door.extension.shutdown()


def test_a_key_of_the_configuration_that_stood_in_a_record_is_told_in_the_log(tmp_path, caplog):
    """It can't be taken back here."""
    key = new_key(KeyKind.INGEST)
    declared = {"id": "own", "sha256": key.digest.hex(), "domain": "tamyla.com"}
    door = Door(tmp_path, on_exposed="revoke", keys=[declared])
    door.extension.start()
    assert door.extension.exposed(key.text) is not None
    for _ in range(2):
        door.extension.reload()
    assert [record.message for record in caplog.records if "stood in a record" in record.message] == [
        "api_keys: the key own stood in a record: take it out of the configuration"
    ]
    assert door.ask({"x-api-key": key.text}) == "tamyla.com own"


def test_a_key_that_was_good_once_is_named_to_ourselves_alone(door):
    key = door.add(expires_at=NOW - 5)
    door.extension.start()
    with pytest.raises(Unauthenticated) as refused:
        door.extension.authenticate(Asking({"x-api-key": key.text}))
    assert (refused.value.credential, refused.value.domain, refused.value.cause) == (key.id, "tamyla.com", "expired")
    assert key.id not in refused.value.reason + "".join(refused.value.challenges)
