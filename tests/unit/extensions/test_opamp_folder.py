"""What is kept of the link to an OpAMP server: for this user alone, whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from collector.extensions.opamp.folder import KeptConfig, OpampFolder, Outcome, new_uid

FIRST, SECOND = KeptConfig("01", {"": "a: 1"}), KeptConfig("02", {"": "a: 2"})


def test_an_offer_becomes_what_runs_or_nothing(tmp_path: Path) -> None:
    folder = OpampFolder(tmp_path)
    assert (folder.offered(), folder.remote(), folder.outcome()) == (None, None, None)
    folder.offer(FIRST)
    assert (folder.remote(), folder.outcome()) == (None, Outcome("01", "APPLYING"))
    folder.take(FIRST)
    folder.offer(SECOND)
    folder.say(Outcome("02", "FAILED", "why"))
    assert (folder.remote(), folder.outcome()) == (FIRST, Outcome("02", "FAILED", "why"))


@pytest.mark.parametrize(("kept", "left"), [(None, None), (FIRST, Outcome("01", "APPLIED"))])
def test_what_was_under_way_at_the_end_is_nothing(
    tmp_path: Path, kept: KeptConfig | None, left: Outcome | None
) -> None:
    """The server is told what runs, and offers it again."""
    folder = OpampFolder(tmp_path)
    if kept is not None:
        folder.take(kept)
    folder.offer(SECOND)
    folder.began()
    assert folder.outcome() == left


def test_an_outcome_outlives_a_restart(tmp_path: Path) -> None:
    """So that what failed is not tried at each of them."""
    folder = OpampFolder(tmp_path)
    folder.say(Outcome("02", "FAILED", "why"))
    folder.began()
    assert folder.outcome() == Outcome("02", "FAILED", "why")


def test_all_of_it_is_for_this_user_alone(tmp_path: Path) -> None:
    folder = OpampFolder(tmp_path)
    folder.offer(FIRST)
    folder.uid("opamp/a b")
    os.close(folder.lock("opamp"))
    assert (tmp_path / "opamp").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "opamp").iterdir()} == {0o600}
    assert sorted(file.name for file in (tmp_path / "opamp").iterdir()) == [
        "offered.json", "opamp%2Fa%20b.uid", "opamp.lock", "outcome.json"
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"hash": "01"}'])
def test_a_file_that_holds_none_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "opamp").mkdir()
    for name in ("remote.json", "offered.json", "outcome.json"):
        (tmp_path / "opamp" / name).write_text(text)
    folder = OpampFolder(tmp_path)
    assert (folder.remote(), folder.offered()) == (None, None)
    assert folder.outcome() is None


def test_an_id_is_made_once_until_the_server_gives_another(tmp_path: Path) -> None:
    folder = OpampFolder(tmp_path)
    made = folder.uid("opamp")
    assert OpampFolder(tmp_path).uid("opamp") == made
    assert folder.uid("opamp/2") != made
    folder.keep_uid("opamp", bytes(16))
    assert OpampFolder(tmp_path).uid("opamp") == bytes(16)


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = [uuid.UUID(bytes=new_uid()) for _ in range(50)]
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    assert len(set(made)) == 50
    assert made[0].int >> 80 <= made[-1].int >> 80


def test_one_process_talks_at_a_time(tmp_path: Path) -> None:
    held = OpampFolder(tmp_path).lock("opamp")
    with pytest.raises(BlockingIOError):
        OpampFolder(tmp_path).lock("opamp")
    os.close(held)
    os.close(OpampFolder(tmp_path).lock("opamp"))


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    folder = OpampFolder(tmp_path)
    folder.say(Outcome("02", "FAILED", "x" * 10_000))
    outcome = folder.outcome()
    assert outcome is not None
    assert len(outcome.error) == 4096
