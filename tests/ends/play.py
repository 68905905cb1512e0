"""Plays a case with the real command line, and holds what is left against the oracle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import yaml
from sternway_steps.journal.replay import Attempt, Story
from sternway_steps.session import Session
from sternway_steps.spec import Action

from tests.ends.case import CHILDREN, LAST, OUTPUTS, SECONDS, Act, Case
from tests.ends.oracle import expected
from tests.faults.client import Client
from tests.helpers import until


class Wrong(AssertionError):
    """What had to hold does not."""


def play(case: Case, folder: Path) -> None:
    """Play a case in an empty folder; raises Wrong."""
    token = f"300.{os.urandom(4).hex().translate(str.maketrans('abcdef', '123456'))}{case.number}"
    client: Client | None = None
    try:
        _write(case, folder, token)
        client = Client(["run", "--config", str(folder / "sternway.yaml"), "--run", _run(token)], os.devnull, folder)
        _befall(case, folder, client)
        _judge(case, folder, client.ended(), token)
    except AssertionError as wrong:
        raise Wrong(f"{case}: {wrong}\n{client.said()[-3000:] if client is not None else ''}") from wrong
    finally:
        for process in _living(token):
            process.kill()


def _judge(case: Case, folder: Path, code: int, token: str) -> None:
    wanted = expected(case)
    _same("exit code", code, wanted.code)
    _same("status", _story(folder, token).status.value, wanted.status)
    for number, after in enumerate(wanted.then):
        again = Client(["rollback", _run(token), "--config", str(folder / "sternway.yaml")], os.devnull, folder)
        _same(f"exit code of rollback {number + 1}", again.ended(), after)
    _same("left running", [" ".join(p.cmdline()) for p in _living(token)], [])
    done = _lines(folder / "ledger")
    _same("executions", done.count("execute"), 1)
    _same("undos that ended well", done.count("undone"), int(wanted.undone))
    story = _story(folder, token)
    _same("last status", story.status.value, "undone" if wanted.undone else "succeeded")
    if wanted.undone:
        _same("what the undo was told", (folder / "told").read_text(), wanted.told)
    _judge_words(case.forward, _attempt(story, Action.EXECUTE), killed=case.befalls == "killed")


def _judge_words(act: Act, attempt: Attempt, *, killed: bool) -> None:
    """Hold the last line that is kept against the one that was said, and the reason against the end."""
    data = attempt.data
    if killed:
        return
    text = str(data.get("error") or data.get("summary"))
    if act.end.startswith("exit") and not act.good:
        assert f"ended with exit code {act.end.removeprefix('exit ')}" in text, text
    if act.prints and not act.hangs:
        assert text.endswith(LAST), f"the last line is lost: {text[-300:]!r}"


def _befall(case: Case, folder: Path, client: Client) -> None:
    """Let the run begin, and do to it what the case says, when the command has said what it says."""
    if case.befalls == "nothing":
        return
    client.go()
    act, action = (case.back, "rollback") if case.befalls == "killed in its undo" else (case.forward, "execute")
    until(lambda: f"at work: {action}" in _lines(folder / "ledger"), 90, f"{action} is at work")
    if act.prints:
        until(
            lambda: LAST in client.said().rpartition(f"{action} tried")[2] or act.output == "no line end",
            60,
            "it is heard",
        )
    os.kill(client.pid, signal.SIGTERM if case.befalls == "stopped" else signal.SIGKILL)


def _write(case: Case, folder: Path, token: str) -> None:
    tried = {
        "name": "tried", "runner": "process", "folder": str(folder), "retries": 0, "env": {"TOKEN": token},
        "execute": ["sh", "execute.sh"], "rollback": ["sh", "rollback.sh"],
    }  # fmt: skip
    tried |= {"deadline": f"{SECONDS}s"} if case.forward.hangs and case.befalls not in ("stopped", "killed") else {}
    tried |= {"rollbackDeadline": f"{SECONDS}s"} if case.back.hangs and case.befalls != "killed in its undo" else {}
    fails = [{"name": "fails", "runner": "process", "execute": ["false"], "effects": "none", "retries": 0}]
    keys = {"name": "t", "steps": [tried, *(fails if case.follows else [])]}
    (folder / "sternway.yaml").write_text(yaml.safe_dump({**keys, "journal": {"store": "file", "path": "journal"}}))
    (folder / "execute.sh").write_text(_script(case.forward, "execute", token))
    well = 'printf %s "$STERNWAY_UNDO" > told; echo undone >> ledger; exit 0\n'
    first = _script(case.back, "rollback", token) if not case.back.good else _script(case.back, "rollback", token, well)
    (folder / "rollback.sh").write_text(f"if test -e once; then {well.strip()}; fi\ntouch once\n{first}")


def _script(act: Act, action: str, token: str, well: str = "") -> str:
    kind, _, which = act.end.partition(" ")
    end = {
        "exit": well or f"exit {which}",
        "signal": f"kill -{which} $$; sleep 1; exit 9",
        "hang": "exec sleep 300",
        "hang,": "trap '' TERM; while :; do sleep 1; done",
    }[kind]
    child = CHILDREN[act.child].format(token=token)
    said = OUTPUTS[act.output]
    return f"echo {action} >> ledger\n{child}\n{said}\necho 'at work: {action}' >> ledger\n{end}\n"


def _story(folder: Path, token: str) -> Story:
    with Session(kubeconfig=os.devnull, journal=folder / "journal") as session:
        return session.story(_run(token))


def _run(token: str) -> str:
    """Name the run: containers are called as it is."""
    return f"r-{token.partition('.')[2]}"


def _attempt(story: Story, action: Action) -> Attempt:
    return next(one for one in story.attempts if (one.step, one.action) == ("tried", action))


def _living(token: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if token in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.Error:
            continue


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _same(what: str, got: object, wanted: object) -> None:
    assert got == wanted, f"{what}: {got!r} instead of {wanted!r}"
