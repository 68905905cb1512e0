"""The machine around a command: output that can't be written, a disk that is full, a locale that knows no words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sternway_steps.exits import Exit

from tests.helpers import command, until

ENV = {key: value for key, value in os.environ.items() if not key.startswith("STERNWAY_")} | {"KUBECONFIG": "/none"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return config(tmp_path, tmp_path / "journal")


def config(folder: Path, journal: Path, last: str = "true", first: str = "echo größe; echo x > made") -> str:
    steps = [
        {"name": "s", "execute": ["sh", "-c", first], "rollback": ["sh", "-c", "echo zurück; rm -f made"]},
        {"name": "l", "execute": ["sh", "-c", last], "rollback": ["true"]},
    ]
    file = folder / "sternway.yaml"
    keys = {"name": "t", "namespace": "n", "steps": steps, "journal": {"store": "file", "path": str(journal)}}
    file.write_text(json.dumps(keys, ensure_ascii=False), encoding="utf-8")
    return str(file)


def shell(words: list[str], redirect: str, **environ: str) -> tuple[int, list[str]]:
    """Run a command with the shell's redirections; gives its code and the lines of what can still be read."""
    done = subprocess.run(["sh", "-c", f'"$@" {redirect}', "sh", *words], env={**ENV, **environ}, capture_output=True, timeout=60, check=False)  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode().splitlines()


UNREADABLE = {"stdout full": ">/dev/full", "stdout closed": ">&-", "stderr full": "2>/dev/full", "stderr closed": "2>&-", "both closed": ">&- 2>&-", "both full": ">/dev/full 2>&1", "all closed": "<&- >&- 2>&-"}  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json", "github"])
@pytest.mark.parametrize("how", UNREADABLE)
def test_a_run_is_a_run_whoever_can_read_it(tmp_path: Path, how: str, form: str) -> None:
    for last, code in (("true", Exit.DONE), ("exit 1", Exit.FAILED)):
        words = command("run", "-c", config(tmp_path, tmp_path / "journal", last), "--output", form)
        ended, said = shell(words, UNREADABLE[how])
        assert ended == code, said
        assert (tmp_path / "made").exists() is (code == Exit.DONE)
        if how == "stdout full":
            lost = [line for line in said if "can't be written" in line]
            assert lost == ["error: standard output can't be written: No space left on device"]
        assert not [line for line in said if "Traceback" in line]


@pytest.mark.parametrize("words", [["--help"], ["config", "show", "-c", "PATH"], ["runs", "-c", "PATH"], ["steps"]], ids=lambda words: words[0])  # fmt: skip
def test_what_is_there_to_be_read_and_can_not_be_written_is_no_success(path: str, words: list[str]) -> None:
    ended, said = shell(command(*(path if word == "PATH" else word for word in words if word != "-c" or words[0] == "config")), ">/dev/full")  # fmt: skip
    if words[0] == "runs":
        return
    assert (ended, said) == (Exit.TRANSIENT, ["error: standard output can't be written: No space left on device"])


def test_usage_that_nobody_can_read_is_usage_all_the_same() -> None:
    assert shell(command("run", "--nonsense"), "2>/dev/full")[0] == Exit.USAGE


@pytest.mark.parametrize("form", ["text", "json"])
def test_words_need_no_locale(tmp_path: Path, form: str) -> None:
    path = config(tmp_path, tmp_path / "größe", "exit 1")
    ascii_only = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    ended, said = shell(command("run", "-c", path, "--output", form), "", **ascii_only)
    assert ended == Exit.FAILED, said
    assert "größe" in json.dumps(said, ensure_ascii=False).encode().decode("unicode_escape").encode("latin-1", "ignore").decode(errors="ignore") or "größe" in "".join(said) or "gr\\u00f6\\u00dfe" in "".join(said)  # fmt: skip
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("text", ["{broken", "[]", '{"version": 1}', '{"version": 1, "objects": [1]}', "", "\udcff"], ids=range(6))  # fmt: skip
def test_a_broken_state_of_the_sandbox_is_said_in_two_lines(tmp_path: Path, text: str) -> None:
    state = tmp_path / "state.json"
    state.write_bytes(text.encode(errors="surrogateescape"))
    ended, said = shell(command("runs", "--sandbox"), "", STERNWAY_STATE=str(state))
    assert ended == Exit.REFUSED, said
    assert said[0].startswith(f"error: the sandbox's state can't be read: {state}: ")
    assert len(said) == 2


def test_a_home_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    for words in (["runs", "--sandbox"], ["run", "--sandbox", "-c", config(tmp_path, tmp_path / "journal")]):
        ended, said = shell(command(*words), "", HOME="/proc/nope", XDG_STATE_HOME="")
        assert (ended, len(said)) == (Exit.REFUSED, 2), said
        assert "can't be written: No such file or directory: /proc/nope" in said[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, timeout=20, check=False)  # fmt: skip
    if done.returncode != 0:
        pytest.skip("who is not root can make no small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], timeout=20, check=True)


def test_a_journal_that_fills_up_is_still_undone(tmp_path: Path, small_disk: Path) -> None:
    fill = f"echo x > made; head -c 2000000 /dev/zero > {small_disk}/filler; exit 0"
    path = config(tmp_path, small_disk / "journal", "true", fill)
    ended, said = shell(command("run", "-c", path, "--run", "r1"), "")
    assert ended != Exit.ROLLBACK_FAILED, said
    assert not (tmp_path / "made").exists(), said
    assert [line for line in said if "No space left on device" in line]
    story = shell(command("show", "r1", "--journal", str(small_disk / "journal")), "")[1]
    assert any("undone" in line for line in story), story
    assert not list((small_disk / "journal").rglob("*.room"))


def test_a_journal_without_room_for_the_undo_lets_nothing_begin(tmp_path: Path, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * (1024 * 1024 - 100_000))
    path = config(tmp_path, small_disk / "journal")
    ended, said = shell(command("run", "-c", path), "")
    assert ended == Exit.REFUSED, said
    assert not (tmp_path / "made").exists()
    assert any("no room can be reserved for what the undo records" in line for line in said), said


@pytest.mark.parametrize("twice", [False, True])
def test_a_terminal_that_is_closed_stops_a_run_as_sigterm_does(tmp_path: Path, twice: bool) -> None:
    """The kernel sends SIGHUP, and so does the shell: the second one is no wish to leave at once."""
    words = command("run", "-c", config(tmp_path, tmp_path / "journal", "touch begun; sleep 60"), "--run", "r-1")
    with subprocess.Popen(words, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path) as running:
        until((tmp_path / "begun").exists)
        for _ in range(1 + twice):
            running.send_signal(signal.SIGHUP)
        assert running.stdout is not None
        said = running.stdout.read().decode()
        assert running.wait(30) == Exit.STOPPED, said
    assert "SIGHUP: stopping, then undoing" in said
    assert not (tmp_path / "made").exists(), said


def test_who_was_started_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    path = config(tmp_path, tmp_path / "journal", "touch begun; while [ ! -e go ]; do sleep 0.05; done")
    words = command("run", "-c", path)
    with subprocess.Popen(["nohup", *words], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path) as running:  # fmt: skip
        until((tmp_path / "begun").exists)
        running.send_signal(signal.SIGHUP)
        (tmp_path / "go").touch()
        assert running.wait(30) == Exit.DONE
