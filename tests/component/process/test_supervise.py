"""What runs a child of ours, for both who do: the builder's program, and a command of the user's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sternway_steps.builtin.command.environment import Resolved
from sternway_steps.builtin.command.invocation import Invocation
from sternway_steps.builtin.command.process import Processes
from sternway_steps.errors import Stopped
from sternway_steps.process import cgroup, supervise
from sternway_steps.process.marked import CHILD, end_marked
from sternway_steps.process.output import Output
from sternway_steps.process.run import answer, run
from sternway_steps.step import Action

from tests.commands import Bench
from tests.helpers import alive, until

KEY = "-----BEGIN KEY-----\nMIIEvQIBADAN\n  indented = yes\n-----END KEY-----"


@dataclass
class User:
    """Runs a shell's script as one of the two does."""

    kind: str
    folder: Path
    said: list[str] = field(default_factory=list)
    tail: tuple[str, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    child: str = field(default_factory=lambda: os.urandom(16).hex())

    def sh(self, script: str, *secrets: str) -> int | None:
        """Give its exit code, None when it was stopped."""
        os.environ.update({f"S{number}": secret for number, secret in enumerate(secrets)})
        words = ["sh", "-c", f"cd {self.folder}; {script}"]
        if self.kind == "build":
            try:
                ran = run(words, self._check, self.said.append, hide=secrets)
            except Stopped:
                return None
            self.tail = ran.tail
            return ran.code
        bench = Bench(self.folder, stop=self.stop)
        mark = {"STERNWAY_RUN": str(self.folder), "STERNWAY_STEP": "s", CHILD: self.child}
        work, output = Invocation("n", tuple(words), mark), Output(self.said.append, secrets)
        ended = Processes().run(bench.context(Action.EXECUTE), work, Resolved({}, secrets), output)
        self.tail = ended.log
        return ended.code

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopped("stopped")

    def stopped_when(self, there: Callable[[], object], script: str) -> float:
        """Stop it as soon as something holds; gives the seconds that it took to be gone."""
        codes: list[int | None] = []
        thread = threading.Thread(target=lambda: codes.append(self.sh(script)))
        thread.start()
        until(there, 20, "it runs")
        began = time.monotonic()
        self.stop.set()
        thread.join(30)
        assert codes == [None]
        return time.monotonic() - began

    def pid(self, name: str = "pid") -> int:
        file = self.folder / name
        return int(until(lambda: file.is_file() and file.read_text().strip(), 20, name))


@pytest.fixture(params=["build", "command"])
def user(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return User(request.param, tmp_path)


def test_output_is_told_in_order_and_its_end_is_kept(user: User) -> None:
    assert user.sh("echo one; echo two >&2; printf '10%%\\r100%%\\n'; printf last; exit 3") == 3
    assert user.said == ["one", "two", "100%", "last"]
    assert list(user.tail) == user.said


@pytest.mark.parametrize(
    "script",
    [
        'echo "$S0"', 'printf "%.25s" "$S0"; sleep 0.3; printf "%s\\n" "${S0#?????????????????????????}"',
        'echo "$S0" | sed "s/^/| /"', 'echo "$S0" | while read -r line; do echo "$line"; sleep 0.05; done', 'set -x; : "$S0"',
        'printf "%s" "$S0" | head -c 40',
    ],
    ids=["at once", "over a border", "indented", "line by line", "traced", "cut off"],
)  # fmt: skip
def test_a_secret_of_several_lines_is_in_nothing_that_is_told(user: User, script: str) -> None:
    assert user.sh(f"echo begin; {script}; echo; echo end", KEY, "other") == 0
    told = "\n".join([*user.said, *user.tail])
    assert "begin" in told
    assert "***" in told
    assert not [line for line in KEY.splitlines() if line.strip() in told], told
    assert user.said[-1] == "end"


def test_a_flood_is_cut_and_its_end_is_kept(user: User) -> None:
    assert user.sh("seq 1 200000; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end") == 0
    assert len(user.said) < 1000
    assert user.tail[-1] == "end"
    assert user.tail[-3] == "200000"
    assert max(map(len, user.said)) <= 2000


def test_what_is_no_text_is_told_as_well_as_it_can_be(user: User) -> None:
    assert user.sh("head -c 300000 /dev/urandom; echo; printf '\\377\\000\\033[31mred\\n'") == 0
    assert user.tail[-1] == "\ufffdred"
    assert all(char.isprintable() or char in "\ufffd\t" or ord(char) > 127 for line in user.said for char in line)


@pytest.mark.parametrize(("script", "code"), [("kill -9 $$", 137), ("kill -PIPE $$; echo alive", 141), ("kill -INT $$; echo alive", 130), ("exit 75", 75)])  # fmt: skip
def test_how_it_ended(user: User, script: str, code: int) -> None:
    assert user.sh(script) == code
    assert user.said == []


def test_a_program_that_is_not_there(user: User) -> None:
    assert user.sh("exec no-such-program") == 127
    assert run(["no-such-program"], lambda: None).tail == ("no-such-program can't be started: No such file or directory",)  # fmt: skip


def test_what_it_leaves_in_its_group_ends_with_it_and_is_not_waited_for(user: User) -> None:
    began = time.monotonic()
    assert user.sh("sleep 300 & echo $! > pid; echo gone") == 0
    assert time.monotonic() - began < 5
    assert user.tail == ("gone",)
    until(lambda: not alive(user.pid()), 5, "it is gone")


ESCAPES = {
    "in another session": "setsid sh -c 'echo $$ > away; exec sleep 300' &",
    "without its variables": "env -i PATH=$PATH setsid sh -c 'echo $$ > away; exec sleep 300' > /dev/null 2>&1 &",
    "as a daemon does": "env -i PATH=$PATH setsid sh -c 'sh -c \"echo \\$\\$ > away; exec sleep 300\" & exit' > /dev/null 2>&1 &",
    "deaf": "env -i PATH=$PATH setsid sh -c 'trap \"\" TERM HUP; echo $$ > away; while :; do sleep 1; done' > /dev/null 2>&1 &",
}  # fmt: skip


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return User("command", tmp_path)


@pytest.mark.parametrize("how", ESCAPES)
def test_what_a_command_leaves_running_is_ended_wherever_it_went(commands: User, how: str) -> None:
    began = time.monotonic()
    assert commands.sh(f"{ESCAPES[how]} while ! test -s away; do sleep 0.02; done; echo gone; exit 3") == 3
    until(lambda: not alive(commands.pid("away")), 2, "it is gone")
    assert commands.tail == ("gone",)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("how", ESCAPES)
def test_stopped_it_takes_along_whoever_left(commands: User, how: str) -> None:
    commands.stopped_when(lambda: commands.pid("away"), f"{ESCAPES[how]} sleep 300")
    until(lambda: not alive(commands.pid("away")), 5, "it is gone")


@pytest.mark.parametrize("how", ESCAPES)
@pytest.mark.parametrize("keeper", ["keeper lives", "keeper killed too"])
def test_after_a_kill_the_undo_finds_whoever_left(commands: User, how: str, keeper: str) -> None:
    child = os.urandom(16).hex()
    if keeper == "keeper killed too" and not (made := cgroup.make(child)):
        pytest.skip("no control group can be made here")
    elif keeper == "keeper killed too":
        Path(made).parent.rmdir()
    script = f"{ESCAPES[how]} while ! test -s away; do sleep 0.02; done; echo $PPID > keeper; sleep 300"
    runner = subprocess.Popen([sys.executable, "-c", ESCAPED, str(commands.folder), child, script])
    pids = [commands.pid("away"), commands.pid("keeper")]
    runner.kill()
    runner.wait()
    if keeper == "keeper killed too":
        os.kill(pids[1], signal.SIGKILL)
    assert alive(pids[0]), "a command is asked first, by the undo"
    end_marked({"STERNWAY_RUN": str(commands.folder), "STERNWAY_STEP": "s", CHILD: child})
    assert not any(map(alive, pids))
    assert not list(cgroup._groups(child)), "the group is gone too"


ESCAPED = """
import sys
from pathlib import Path
from tests.component.process.test_supervise import User
User("command", Path(sys.argv[1]), child=sys.argv[2]).sh(sys.argv[3])
"""


def test_a_program_that_cannot_be_started_never_began(commands: User) -> None:
    file = commands.folder / "no-format"
    file.write_text("\x7fELF no program")
    file.chmod(0o755)
    bench = Bench(commands.folder)
    work = Invocation("n", (str(file),), {"STERNWAY_RUN": "r", CHILD: os.urandom(16).hex()})
    ended = Processes().run(bench.context(Action.EXECUTE), work, Resolved(), Output(commands.said.append))
    assert (ended.started, "can't be started: Exec format error" in ended.why) == (False, True)


def test_who_left_with_its_pipe_is_not_waited_for(user: User) -> None:
    if user.kind == "command":
        pytest.skip("it is ended: see above")
    began = time.monotonic()
    assert user.sh("setsid sh -c 'echo $$ > pid; exec sleep 300' & while ! test -s pid; do sleep 0.02; done; echo gone") == 0  # fmt: skip
    assert time.monotonic() - began < 5
    assert user.tail == ("gone",)
    os.kill(user.pid(), signal.SIGKILL)


def test_stopped_it_ends_with_all_its_children_those_too_that_left(user: User) -> None:
    script = "sleep 300 & echo $! > child; setsid sh -c 'echo $$ > away; exec sleep 300' & echo $$ > pid; wait"
    assert user.stopped_when(lambda: user.pid("away") and user.pid("child") and user.pid(), script) < 3
    until(lambda: not alive(user.pid()), 2, "it is gone")
    until(lambda: not any(alive(user.pid(name)) for name in ("child", "away")), 5, "all are gone")


def test_stopped_while_it_has_closed_its_output(user: User) -> None:
    assert user.stopped_when(user.pid, "exec >&- 2>&-; echo $$ > pid; sleep 300") < 3
    until(lambda: not alive(user.pid()), 2, "it is gone")


def test_one_that_does_not_listen_is_killed_after_its_grace(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "GRACE", 0.5)
    assert 0.5 <= user.stopped_when(user.pid, "trap '' TERM; echo $$ > pid; sleep 300; sleep 300") < 4
    until(lambda: not alive(user.pid()), 2, "it is gone")


def test_one_that_says_much_while_it_ends_is_read(user: User) -> None:
    script = "trap 'head -c 500000 /dev/zero; echo; echo bye; exit' TERM; echo $$ > pid; while :; do sleep 0.05; done"
    assert user.stopped_when(user.pid, script) < 5
    assert user.said[-1] == "bye"


LEFT = """
import sys
from pathlib import Path
from tests.component.process.test_supervise import User
User(sys.argv[1], Path(sys.argv[2])).sh("sleep 300 & echo $! > child; echo $$ > pid; trap '' TERM; wait; sleep 300")
"""


def test_when_its_runner_is_killed_a_builder_ends_and_a_command_is_found(user: User) -> None:
    """A builder would move the tag after the undo; a command is asked first, by the undo, and so ends well."""
    runner = subprocess.Popen([sys.executable, "-c", LEFT, user.kind, str(user.folder)])
    pids = [user.pid(), user.pid("child")]
    runner.kill()
    runner.wait()
    if user.kind == "command":
        assert alive(pids[1])
        os.kill(pids[0], signal.SIGKILL)  # it would not listen, and the grace is long
        end_marked({"STERNWAY_RUN": str(user.folder), "STERNWAY_STEP": "s"})
    until(lambda: not any(map(alive, pids)), 5, "all are gone")


def test_what_else_ends_the_wait_ends_the_program_at_once(tmp_path: Path) -> None:
    class Left(BaseException): ...

    def check() -> None:
        if (tmp_path / "pid").exists():
            raise Left

    began = time.monotonic()
    with pytest.raises(Left):
        run(["sh", "-c", f"trap '' TERM; echo $$ > {tmp_path}/pid; sleep 300; sleep 300"], check)
    assert time.monotonic() - began < 4
    until(lambda: not alive(int((tmp_path / "pid").read_text())), 2, "it is gone")


def test_a_short_answer_is_given_whole_and_a_long_one_cut() -> None:
    got = answer(["sh", "-c", "echo out; echo err >&2; head -c 3000000 /dev/zero; exit 3"], 20)
    assert (got.code, got.out[:4], got.err, len(got.out)) == (3, "out\n", "err\n", 1_048_576)
    with pytest.raises(FileNotFoundError):
        answer(["no-such-program"], 1)


def test_who_does_not_answer_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        answer(["sh", "-c", f"sleep 300 & echo $! > {tmp_path}/pid; wait"], 0.5)
    until(lambda: not alive(int((tmp_path / "pid").read_text())), 5, "it is gone")
