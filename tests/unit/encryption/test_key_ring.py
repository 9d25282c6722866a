"""Keys of domains: bound to what they are for, the same in all processes, gone for good when they are destroyed."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.encryption import fetches, key_ring
from collector.encryption.key_ring import DAY_SECS, KeyRing
from collector.encryption.key_store import FILE
from collector.encryption.master_key import LocalMasterKey, MasterKey, Wrapped, new_master_key
from collector.errors import Damaged, KeyDestroyed, KeysUnavailable

MASTER = new_master_key()


def local(*keys: bytes) -> MasterKey:
    return LocalMasterKey(lambda: keys)


def ring(root: Path, *masters: bytes, now: float | None = None, seals: bool = True) -> KeyRing:
    made = KeyRing(
        root / FILE, lambda: local(*(masters or (MASTER,))), seals, time.time if now is None else lambda: now
    )
    if seals:
        made.check()
    return made


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "LOOK_SECS", 0.0)


def test_what_was_sealed_is_opened_by_every_process(tmp_path: Path) -> None:
    one, other = ring(tmp_path), ring(tmp_path)
    sealed = one.seal("a.com", "journal", b"text")
    assert b"text" not in sealed
    assert other.open("a.com", "journal", sealed) == b"text"
    assert other.open("a.com", "journal", other.seal("a.com", "journal", b"")) == b""
    assert one.seal("a.com", "journal", b"text") != sealed


@pytest.mark.parametrize(("domain", "purpose"), [("a.com", "outbox"), ("a.com", "journa"), ("a.com", "")])
def test_it_is_bound_to_its_purpose(tmp_path: Path, domain: str, purpose: str) -> None:
    keys = ring(tmp_path)
    sealed = keys.seal("a.com", "journal", b"text")
    with pytest.raises(Damaged):
        keys.open(domain, purpose, sealed)


def test_another_domain_opens_nothing(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    with pytest.raises(Damaged):
        keys.open("b.com", "journal", keys.seal("a.com", "journal", b"text"))


@pytest.mark.parametrize("at", [0, 3, 12, 25, -1])
def test_a_byte_that_is_another_is_noticed(tmp_path: Path, at: int) -> None:
    keys = ring(tmp_path)
    sealed = bytearray(keys.seal("a.com", "journal", b"text"))
    sealed[at] ^= 1
    with pytest.raises((Damaged, KeysUnavailable)):
        keys.open("a.com", "journal", bytes(sealed))
    with pytest.raises(Damaged):
        keys.open("a.com", "journal", bytes(sealed[:30]))


def test_texts(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    sealed = keys.seal_text("a.com", "user.email", "ä@a.com")
    assert sealed.startswith("enc:1:")
    assert sealed.isascii()
    assert keys.open_text("a.com", "user.email", sealed) == "ä@a.com"
    assert keys.open_text("a.com", "user.email", "plain") == "plain"
    for wrong in ("enc:1:", "enc:1:zz:AAAA", sealed[:40]):
        with pytest.raises(Damaged):
            keys.open_text("a.com", "user.email", wrong)
    with pytest.raises(Damaged):
        keys.open_text("a.com", "other", sealed)


def test_pseudonyms_are_of_a_domain(tmp_path: Path) -> None:
    one, other = ring(tmp_path), ring(tmp_path)
    assert one.pseudonym("a.com", "42") == other.pseudonym("a.com", "42")
    assert len({one.pseudonym(domain, text) for domain in ("a.com", "b.com") for text in ("42", "43")}) == 4
    one.destroy("a.com")
    assert other.pseudonym("a.com", "42") == one.pseudonym("a.com", "42")


def test_a_day_has_its_key(tmp_path: Path) -> None:
    sealed = [ring(tmp_path, now=day * DAY_SECS).seal("a.com", "journal", b"text") for day in (20_000, 20_000, 20_001)]
    assert sealed[0][1:9] == sealed[1][1:9] != sealed[2][1:9]
    later = ring(tmp_path, now=20_002 * DAY_SECS)
    assert [later.open("a.com", "journal", each) for each in sealed] == [b"text"] * 3
    lasting = [
        ring(tmp_path, now=day * DAY_SECS).seal("a.com", "state", b"text", lasting=True) for day in (20_000, 20_001)
    ]
    assert lasting[0][1:9] == lasting[1][1:9]
    assert later.destroy_before(20_001 * DAY_SECS, {"a.com"}) == 0, "held"
    assert later.open("a.com", "journal", sealed[0]) == b"text"
    assert later.destroy_before(20_001 * DAY_SECS, {"b.com"}) == 1
    with pytest.raises(KeyDestroyed):
        later.open("a.com", "journal", sealed[0])
    assert later.open("a.com", "journal", sealed[2]) == later.open("a.com", "state", lasting[0]) == b"text"


def test_what_is_destroyed_is_gone_everywhere_and_what_comes_later_has_new_keys(tmp_path: Path) -> None:
    one, other = ring(tmp_path), ring(tmp_path)
    sealed = {domain: one.seal(domain, "journal", b"text") for domain in ("a.com", "b.com")}
    state = one.seal("a.com", "state", b"text", lasting=True)
    assert other.open("a.com", "journal", sealed["a.com"]) == b"text"
    with sqlite3.connect(tmp_path / FILE) as kept:
        wrapped = [row[0] for row in kept.execute("SELECT wrapped FROM data_keys WHERE domain = 'a.com'")]
        wrapped += [row[0] for row in kept.execute("SELECT wrapped FROM domain_keys WHERE domain = 'a.com'")]
    kept.close()
    assert other.destroy("a.com") == 2
    for keys in (one, other, ring(tmp_path)):
        for purpose, text in (("journal", sealed["a.com"]), ("state", state)):
            with pytest.raises(KeyDestroyed):
                keys.open("a.com", purpose, text)
        assert keys.open("b.com", "journal", sealed["b.com"]) == b"text"
    new = one.seal("a.com", "journal", b"new")
    assert new[1:9] != sealed["a.com"][1:9]
    assert other.open("a.com", "journal", new) == b"new"
    now = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(wrapped) == 3
    assert not [each for each in wrapped if each in now]


def test_a_key_that_nobody_knows_is_not_taken_for_destroyed(tmp_path: Path) -> None:
    """A file of keys that was lost: what waits is kept until it is back."""
    sealed = ring(tmp_path / "one").seal("a.com", "journal", b"text")
    with pytest.raises(KeysUnavailable, match="put the file back"):
        ring(tmp_path / "other").open("a.com", "journal", sealed)


def test_a_file_that_goes_and_comes_back(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    sealed = keys.seal("a.com", "journal", b"text")
    for suffix in ("", "-wal", "-shm"):
        path = tmp_path / f"{FILE}{suffix}"
        if path.exists():
            path.rename(tmp_path / f"away{suffix}")
    with pytest.raises(KeysUnavailable):
        keys.seal("a.com", "journal", b"text")
    for path in tmp_path.glob("away*"):
        path.rename(tmp_path / path.name.replace("away", FILE))
    assert keys.open("a.com", "journal", sealed) == b"text"


def test_the_wrong_master_key_is_refused_at_the_start(tmp_path: Path) -> None:
    ring(tmp_path).seal("a.com", "journal", b"text")
    with pytest.raises(KeysUnavailable, match="is asked for, and not the one that is here"):
        ring(tmp_path, new_master_key())
    assert ring(tmp_path, new_master_key(), MASTER).seal("b.com", "journal", b"text")


def test_many_at_once_get_the_same_key(tmp_path: Path) -> None:
    rings = [ring(tmp_path) for _ in range(4)]
    start = threading.Barrier(8)

    def sealed(number: int) -> bytes:
        start.wait()
        return rings[number % 4].seal("a.com", "journal", b"text")

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(sealed, range(8)))
    assert len({each[1:9] for each in made}) == 1
    assert {rings[0].open("a.com", "journal", each) for each in made} == {b"text"}


class Service:
    """A key management service that can be away."""

    waits = True

    def __init__(self) -> None:
        self.away = threading.Event()
        self.asked = 0
        self._key = local(MASTER)

    @property
    def ids(self) -> Sequence[str]:
        return self._key.ids

    def wrap(self, plain: bytes, domain: str, master: str) -> Wrapped:
        return self._key.wrap(plain, domain, master)

    def unwrap(self, wrapped: Wrapped, domain: str) -> bytes:
        self.asked += 1
        if self.away.is_set():
            raise KeysUnavailable("the service is away")
        return self._key.unwrap(wrapped, domain)


def test_a_service_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetches, "AGAIN_SECS", 3600.0)
    service = Service()
    keys = KeyRing(tmp_path / FILE, lambda: service)
    keys.check()
    sealed = keys.seal("a.com", "journal", b"text")
    service.away.set()
    asked = service.asked
    for _ in range(20):  # who is asked again and again is not
        with pytest.raises(KeysUnavailable, match="away"):
            keys.seal("b.com", "journal", b"text")
    assert service.asked == asked + 1
    assert keys.open("a.com", "journal", sealed) == b"text"
    service.away.clear()
    monkeypatch.setattr(fetches, "AGAIN_SECS", 0.0)
    assert keys.open("b.com", "journal", keys.seal("b.com", "journal", b"text")) == b"text"


def test_nobody_waits_long_for_a_service_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetches, "WAIT_SECS", 0.05)
    answers = threading.Event()

    class Silent(Service):
        def unwrap(self, wrapped: Wrapped, domain: str) -> bytes:
            answers.wait()
            return super().unwrap(wrapped, domain)

    service = Silent()
    answers.set()
    keys = KeyRing(tmp_path / FILE, lambda: service)
    keys.check()
    answers.clear()
    with pytest.raises(KeysUnavailable, match="not answered"):
        keys.seal("a.com", "journal", b"text")
    answers.set()
    deadline = time.monotonic() + 30
    while True:
        try:
            assert keys.open("a.com", "journal", keys.seal("a.com", "journal", b"text")) == b"text"
            break
        except KeysUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.01)
