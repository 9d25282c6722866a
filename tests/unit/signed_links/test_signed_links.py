"""A token does one thing, in one domain, until its time is over; and only who has the key makes one."""

from __future__ import annotations

import base64
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.signed_links import VERBS, Act, BadToken, Expired, Signer, data_key
from collector.signed_links.key import FILE

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = 1_772_366_400.0
ACT = Act(
    "silence", "tamyla.com", "0123456789abcdef0123456789abcdef", int(NOW) + 60, 3600, "email/team", "shop/Checkout"
)


def signer(*keys: bytes, now: float = NOW) -> Signer:
    return Signer(keys or [KEY], "https://hooks.example/x", 60.0, now=lambda: now)


def test_a_token_says_what_it_does_and_stands_in_any_url() -> None:
    token = signer().token(ACT)
    assert signer().act(token) == ACT
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert len(token) < 200
    assert signer().url(token) == f"https://hooks.example/x/act/{token}"
    assert ACT.label == "Silence 1 h"
    assert ACT.attributes() == {"logboom.alert.group": ACT.subject, "logboom.alert.seconds": 3600.0}


@given(st.sampled_from(sorted(VERBS)), st.text(max_size=80), st.text(max_size=80), st.integers(0, 1 << 40))
def test_whatever_it_holds_comes_back(verb: str, domain: str, about: str, seconds: int) -> None:
    act = replace(ACT, verb=verb, domain=domain, about=about, seconds=seconds)
    assert signer().act(signer().token(act)) == act


def test_every_bit_is_signed() -> None:
    token = signer().token(ACT)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for at in range(len(raw)):
        forged = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(BadToken):
            signer().act(base64.urlsafe_b64encode(forged).rstrip(b"=").decode())


@pytest.mark.parametrize("token", ["", "a", "!!!!", "ä" * 40, "A" * 5000, "A" * 40, f"{Signer([KEY]).token(ACT)}A"])
def test_what_is_none_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        signer().act(token)


def test_another_key_is_another_logboom_and_a_new_one_leaves_the_old_links_alone() -> None:
    old = signer(OTHER).token(ACT)
    with pytest.raises(BadToken):
        signer(KEY).act(old)
    assert signer(KEY, OTHER).act(old) == ACT
    assert signer(KEY, OTHER).token(ACT) == signer(KEY).token(ACT)


def test_it_expires() -> None:
    token = signer().token(ACT)
    assert signer(now=ACT.expires - 1).act(token) == ACT
    with pytest.raises(Expired) as expired:
        signer(now=ACT.expires).act(token)
    assert expired.value.act == ACT


def test_all_processes_of_a_data_directory_have_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(data_key(tmp_path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert data_key(tmp_path) == found[0]


def test_a_key_that_was_cut_signs_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(OSError, match="holds no key"):
        data_key(tmp_path)
