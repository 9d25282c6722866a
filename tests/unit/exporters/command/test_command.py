"""Commands of a list: real processes, no shell, nothing of a log among their arguments."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from collector.responses.outcome import Done, NotDone
from counterparts.responding import Acting, response
from exporters.command import FACTORY
from exporters.command import exporter as module
from exporters.command.program import check, run


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes a program; who may write it is looked at elsewhere."""
    monkeypatch.setattr(module, "check", lambda _: None)

    def write(text: str) -> str:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return str(path)

    return write


def act(argv: list[str], target: str = "restart", timeout: str = "10s", **more: Any) -> Done:
    acting = Acting(FACTORY, {"commands": {"restart": {"argv": argv, "timeout": timeout}}})
    return asyncio.run(acting.exporter.act(response(target, **more)))


def test_it_runs_with_its_own_arguments_and_the_facts_on_its_input(script, tmp_path):
    out = tmp_path / "out"
    done = act([script(f'echo "$# $1 $2" > {out}; /bin/cat >> {out}; echo restarted'), "--fast", "a b; $(reboot)"])
    assert (done.became, done.note) == ("restarted", "it ended with 0")
    first, facts = out.read_text().split("\n", 1)
    assert first == "2 --fast a b; $(reboot)"
    said = orjson.loads(facts)["response"]
    assert (said["target"], said["labels"]["error_type"]) == ("restart", "$(reboot) `id` ;")


def test_its_environment_is_empty(script):
    assert {line.split("=")[0] for line in act([script("/usr/bin/env")]).became.splitlines()} <= {
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    }


def test_what_fails_is_told(script):
    with pytest.raises(NotDone, match=r"it ended with 3: no such thing"):
        act([script("echo no such thing >&2; exit 3")])


def test_what_does_not_end_is_killed_with_all_that_it_started(script, tmp_path):
    pid = tmp_path / "pid"
    with pytest.raises(NotDone, match=r"did not end within 0\.5 s"):
        act([script(f"/bin/sleep 300 & echo $! > {pid}; wait")], timeout="500ms")
    deadline = time.monotonic() + 30
    while _alive(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_it_leaves_behind_is_killed(script, tmp_path):
    pid = tmp_path / "pid"
    act([script(f"/bin/sleep 300 >/dev/null 2>&1 & echo $! > {pid}")])
    deadline = time.monotonic() + 30
    while _alive(int(pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _not_ours(*_: int) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_what_is_another_user_s_and_ends_is_done(script, monkeypatch):
    """`sudo` in it: what it leaves behind cannot be killed."""
    monkeypatch.setattr(os, "killpg", _not_ours)
    assert act([script("echo fine")]).became == "fine"


def test_what_is_another_user_s_and_does_not_end_is_not_waited_for(script, monkeypatch):
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def remembered(*given: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*given, **options))
        return started[0]

    async def main() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(os, "killpg", _not_ours)
            patched.setattr(asyncio, "create_subprocess_exec", remembered)
            with pytest.raises(NotDone, match="and may still run: its user is another one"):
                await run([script("exec /bin/sleep 300")], b"", 0.5)
        started[0].kill()
        await started[0].wait()
        assert started[0].stdout is not None
        await started[0].stdout.read()

    asyncio.run(main())


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_much_output_is_no_trouble(script):
    assert len(act([script("/usr/bin/head -c 3000000 /dev/zero | /usr/bin/tr '\\\\0' x")]).became) == 500


def test_input_that_nobody_reads_is_no_trouble(script):
    assert act([script("exec 0<&-; echo fine")]).became == "fine"


def test_what_is_not_on_the_list_is_not_run(script):
    with pytest.raises(NotDone, match="is not one of `commands`"):
        act([script("echo no")], target="/bin/sh")


def test_a_dry_run_runs_nothing(script, tmp_path):
    out = tmp_path / "out"
    assert "nobody but root can change it" in act([script(f"echo x > {out}")], dry_run=True).note
    assert not out.exists()


@pytest.fixture
def owners(monkeypatch):
    """Path → who owns it, in the place of root, whoever runs the tests."""
    other: dict[Path, int] = {}
    lstat = Path.lstat

    def owned(path: Path) -> os.stat_result:
        found = list(lstat(path))
        found[stat.ST_UID] = other.get(path, 0)
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", owned)
    return other


@pytest.fixture
def program(tmp_path: Path, owners: dict[Path, int]) -> Path:
    folder = tmp_path / "real"
    folder.mkdir(mode=0o755)
    path = folder / "program"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def _refused(path: Path, because_of: Path) -> None:
    with pytest.raises(NotDone, match=f"^{because_of} can be written by others"):
        check(path)


def test_what_is_no_program(program):
    with pytest.raises(NotDone, match="No such file"):
        check(program.parent / "none")
    program.chmod(0o600)
    with pytest.raises(NotDone, match="is no program"):
        check(program)


def test_who_may_write_the_program(program):
    check(program)
    for mode in (stat.S_IWOTH, stat.S_IWGRP):
        program.chmod(0o755 | mode)
        _refused(program, program)
    program.chmod(0o755)
    program.parent.chmod(0o777)
    _refused(program, program.parent)
    program.parent.chmod(0o1777)
    check(program)


@pytest.mark.parametrize("uid", [1, 65534])
def test_who_owns_the_program(program, owners, uid):
    """Its owner may always change the mode: nobody's but root's is run, also by root."""
    for each in (program, program.parent, program.parent.parent):
        owners[each] = uid
        _refused(program, each)
        del owners[each]
    check(program)


def test_who_could_put_another_link_in_its_place(program, owners, tmp_path):
    """The way as it is written, not only where it leads today; over relative links, links to links and to folders."""
    way = tmp_path / "way"
    way.mkdir(mode=0o755)
    (way / "second").symlink_to("../real/program")
    (way / "first").symlink_to(way / "second")
    (way / "folder").symlink_to(program.parent)
    for path in (way / "first", way / "folder" / "program"):
        check(path)
        way.chmod(0o777)
        _refused(path, way)
        way.chmod(0o755)
        program.parent.chmod(0o777)
        with pytest.raises(NotDone, match="can be written by others"):
            check(path)
        program.parent.chmod(0o755)
    for link, path in (("first", "first"), ("second", "first"), ("folder", "folder/program")):
        owners[way / link] = 1
        _refused(way / path, way / link)
        del owners[way / link]


def test_links_in_a_circle(owners, tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(NotDone, match="symbolic links"):
        check(tmp_path / "a")


def test_a_program_of_the_system_is_run():
    check(Path("/bin/sh"))


@pytest.mark.parametrize("argv", [[], ["restart"], ["./restart"], ["/opt/../bin/sh"], ["/bin/sh", "a\0b"]])
def test_arguments_that_are_none(argv):
    with pytest.raises(ValidationError):
        FACTORY.config.model_validate({"commands": {"restart": {"argv": argv}}})
