"""What GitHub Actions is told: groups, annotations, and a summary; nobody else's words are commands."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.cli.github import _Escaped
from sternway_steps.cli.github_commands import command, escaped
from sternway_steps.cli.github_summary import MOST, Summary, cut
from sternway_steps.errors import Failed, RollbackFailed
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.saga.events import RunEnded, RunStarted, StepEnded, StepStarted
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail
from sternway_steps.session import Session
from sternway_steps.step import Action, Item

from tests import helpers
from tests.conftest import WEB
from tests.helpers import sternway, until

COMMAND = re.compile(r"^::(?P<name>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<message>.*)$")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read a log as the runner does: a line that begins with ::, behind white space too, or holds ##[ is a command."""
    found = []
    for line in re.split("\r\n|\r|\n", text):
        if line.lstrip().startswith("::") or "##[" in line:
            match = COMMAND.match(line)
            assert match, line
            pairs = (pair.partition("=") for pair in (match["properties"] or "").split(",") if pair)
            found.append((match["name"], {key: value for key, _, value in pairs}, match["message"]))
    return found


def test_commands_are_escaped_as_the_toolkit_does() -> None:
    assert command("error", "100%\r\nsure: a, b") == "::error::100%25%0D%0Asure: a, b"
    assert command("error", "m", file="a,b:c%", line=3, col=0, title="") == "::error file=a%2Cb%3Ac%25,line=3::m"
    assert command("endgroup") == "::endgroup::"


SPACES = [chr(code) for code in range(0x3001) if chr(code).isspace() and chr(code) != "\n"]


@pytest.mark.parametrize("text", ["::error::x", "  ::add-mask::x", "a\n\t::stop-commands::x", "##[error]x", "a\r::error::x", "a\r\n##[group]", "log | ##[error]x", "###[group]", "##\x1b[[error]x", ":\x00:error::x", "\x1b[1m::error::x", "\ufeff::error::x"])  # fmt: skip
def test_what_others_wrote_is_no_command(text: str) -> None:
    assert commands(escaped(text)) == []
    assert commands(escaped(f"a\n{text}\nb")) == []
    assert escaped("a::b\n  c ::d\n# [e] ##f") == "a::b\n  c ::d\n# [e] ##f"


def test_no_space_of_unicode_hides_a_command() -> None:
    assert len(SPACES) > 20
    for space in SPACES:
        assert commands(escaped(f"{space} {space}::error::x")) == []


@given(st.lists(st.sampled_from(["::", ":", "##[", "#", "[", "error", "\n", "\r", " ", "\x1b[", "m", "\x1b", "\u2003", "\x00"]), max_size=30))  # fmt: skip
def test_however_text_is_cut_into_writes_no_line_of_it_is_a_command(pieces: list[str]) -> None:
    told = io.StringIO()
    stream = _Escaped(told)
    for piece in pieces:
        stream.write(piece)
    stream.finish()
    assert commands(told.getvalue()) == []
    assert set(told.getvalue()) <= set("::##[error\nm | \u2003")


def github(*arguments: str, sandbox: Sandbox, summary: Path) -> subprocess.CompletedProcess[str]:
    environ = {"GITHUB_STEP_SUMMARY": str(summary)}
    return sternway(*arguments, "--output", "github", kubeconfig=sandbox.kubeconfig, environ=environ)


def test_a_run_that_is_undone(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("what was there\n")
    flags = ("run", "--config", str(WEB), "--set", "image=nope:1", "--run", "gh-1-1")
    done = github(*flags, sandbox=sternway_sandbox, summary=summary)
    assert done.returncode == Exit.FAILED, done.stdout + done.stderr
    written = commands(done.stdout)
    assert commands(done.stderr) == []
    names = [name for name, _, _ in written]
    assert names.count("group") == names.count("endgroup") == 4
    titles = [message for name, _, message in written if name == "group"]
    assert titles == ["execute validate", "execute deploy", "execute verify", "rollback deploy"]
    [(_, properties, message)] = [each for each in written if each[0] == "error"]
    assert properties == {"title": "execute verify%3A Failed"}
    assert re.search("ErrImagePull|ImagePullBackOff", message)  # the kubelet's words alternate
    assert written[-1][0] == "notice"
    assert "run gh-1-1: undone" in written[-1][2]
    text = summary.read_text()
    assert text.startswith("what was there\n### Run `gh-1-1`: undone")
    for words in ("| execute | verify | Failed |", "| rollback | deploy | done |", "#### First failure: verify", "<pre>\nFailed", "| deleted | deployment.apps/web in default |"):  # fmt: skip
        assert words in text
    again = github(*flags, sandbox=sternway_sandbox, summary=summary)
    assert (again.returncode, "run gh-1-1 is in the journal already" in again.stdout) == (Exit.REFUSED, True)


def test_every_command_has_it(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    config = ("--config", str(WEB))
    for number, (arguments, words) in enumerate((
        (["plan", *config], "| create | deployment.apps/web in default |"),
        (["run", *config, "--run", "r-1"], "### Run `r-1`: succeeded"),
        (["runs"], "| r-1 | default.web |"),
        (["show", "r-1"], "| execute | deploy | done | 2 created"),
        (["rollback", "r-1"], "### Run `r-1`: undone"),
        (["step", "deploy", "execute", "--run", "r-2", *config], "| execute | deploy | done |"),
        (["step", "deploy", "rollback", "--run", "r-2", *config], "| rollback | deploy | done |"),
    )):  # fmt: skip
        summary = tmp_path / f"{number}.md"
        done = github(*arguments, sandbox=sternway_sandbox, summary=summary)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        assert words in summary.read_text(), (arguments, summary.read_text())
        assert [name for name, _, _ in commands(done.stdout)].count("error") == 0
    done = github("report", "--run", "r-2", *config, sandbox=sternway_sandbox, summary=tmp_path / "report.md")
    assert done.returncode == Exit.STOPPED, done.stdout + done.stderr
    assert "### Run `r-2`: undone" in (tmp_path / "report.md").read_text()


def test_mistakes_of_the_configuration_stand_at_their_places(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    file, summary = tmp_path / "sternway.yaml", tmp_path / "summary.md"
    file.write_text("name: web\nimgae: web:1\nreplicas: many\nimage: web:1\n")
    done = github("run", "--config", str(file), sandbox=sternway_sandbox, summary=summary)
    assert done.returncode == Exit.USAGE
    written = commands(done.stdout)
    assert [(name, p["line"], p["col"], p["title"]) for name, p, _ in written] == [
        ("error", "2", "1", "imgae"), ("error", "3", "11", "replicas"),
    ]  # fmt: skip
    assert "did you mean 'image'?" in written[0][2]
    assert f"| {file}:2:1 | imgae |".replace("_", "\\_") in summary.read_text()


def test_without_a_file_for_the_summary_there_is_none(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    assert sternway("runs", "-o", "github", kubeconfig=sternway_sandbox.kubeconfig).returncode == 0
    done = github("runs", sandbox=sternway_sandbox, summary=tmp_path / "no" / "folder.md")
    assert (done.returncode, "::warning title=sternway::the summary can't be written" in done.stdout) == (0, True)


def test_a_summary_is_cut_before_github_drops_it(tmp_path: Path) -> None:
    summary = Summary()
    log = Failed("verify failed", details={"pod": "p", "log": ["<b>ä|" * 2000] * 200})
    summary.add(RunStarted("r", "shop.web", ("verify",), "somewhere"))
    summary.add(StepStarted("verify", Action.EXECUTE, 1))
    summary.add(StepEnded("verify", Action.EXECUTE, "", 1.0, (), log))
    summary.add(RunEnded("r", Status.UNDONE, Exit.FAILED, 1.0, log))
    text = summary.markdown()
    assert len(text.encode()) > MOST
    for room in (MOST, 5000, 700):
        short = cut(text, room)
        assert len(short.encode()) <= room
        assert short.count("<pre>") == short.count("</pre>")
        assert "1 MiB" in short
    assert cut(text, 10) == ""
    assert "<b>" not in text


def test_markdown_stays_what_it_is() -> None:
    summary = Summary()
    summary.add(RunStarted("r", "t", ("deploy",), ""))
    items = (Item("a|b", "kept", "x\n| --- |\n<script>"),)
    summary.add(StepEnded("deploy", Action.ROLLBACK, "`1` *kept*", 0.1, items))
    left = RollbackFailed("deploy: a|b")
    summary.add(RunEnded("r", Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, 1.0, left, (left,)))
    text = summary.markdown()
    assert r"| kept | a\|b | x<br>\| --- \|<br>&lt;script&gt; |" in text
    assert r"\`1\` \*kept\*" in text
    assert "```sh\nsternway rollback r\n```" in text


def test_secrets_stay_secret(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    seen = ""
    for value in ("hunter2hunter2", "correcthorsebattery"):
        (tmp_path / "s.yaml").write_text(
            f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {value}}}\n"
        )
        (tmp_path / "sternway.yaml").write_text("name: s\nmanifests: [s.yaml]\n")
        for verb in ("plan", "run"):
            done = github(verb, "-v", "-c", str(tmp_path / "sternway.yaml"), sandbox=sternway_sandbox, summary=summary)
            assert done.returncode == 0, done.stdout + done.stderr
            seen += done.stdout + done.stderr
    seen += summary.read_text()
    assert "secret/s" in seen
    assert not re.search("hunter2|correcthorse|aHVudGVyM|Y29ycmVjdGhvcnNl", seen)


@pytest.mark.parametrize("kills", ["after SIGTERM", "without SIGTERM"])
def test_a_job_that_is_cancelled_is_undone_by_the_step_after_it(
    sternway_sandbox: Sandbox, tmp_path: Path, kills: str
) -> None:
    """GitHub's own timing: SIGINT, after 7.5 s SIGTERM, after 2.5 s more SIGKILL; the undo takes longer than that."""
    flags = ("--config", str(WEB), "--output", "github")
    kubeconfig = sternway_sandbox.kubeconfig
    assert sternway("run", *flags, "--set", "image=web:1", kubeconfig=kubeconfig).returncode == 0
    before = sternway_sandbox.store.all(("apps", "Deployment"))[0]["spec"]
    # The undo meets a server that can't write, and tries again for longer than GitHub waits.
    sternway_sandbox.faults.when(
        lambda r: r.method != "GET" and "/deployments" in r.path and undoing.exists(),
        fail(503),
        times=100_000,
    )  # fmt: skip
    undoing = tmp_path / "undoing"
    slow = ("--set", "image=web:2", "--set", "env.APP_MODE=unready", "--run", "gh-7-1")
    command = helpers.command("run", *flags, *slow, "--kubeconfig", kubeconfig)
    log = tmp_path / "log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as run, Session(kubeconfig=kubeconfig) as session:  # fmt: skip
        try:
            until(lambda: "execute verify" in log.read_text(), 30, "verify works")
            undoing.touch()
            began = time.monotonic()
            run.send_signal(signal.SIGINT)
            until(lambda: "rollback deploy" in log.read_text(), 5, "the first signal starts the undo at once")
            if kills == "after SIGTERM":
                with pytest.raises(subprocess.TimeoutExpired):
                    run.wait(7.5 - (time.monotonic() - began))
                run.send_signal(signal.SIGTERM)
                assert run.wait(2.5) == Exit.STOPPED, log.read_text()  # or the runner would kill it
                assert "to finish the undo: sternway rollback default/gh-7-1" in log.read_text()
                sealed = [a for a in session.story("gh-7-1").attempts if a.action is Action.ROLLBACK][-1]
                assert sealed.result == "stopped"
        finally:
            run.kill()
        run.wait()
        assert session.story("gh-7-1").status is Status.INTERRUPTED
        undoing.unlink()
        finished = sternway("rollback", "gh-7-1", "--unfinished", *flags, kubeconfig=kubeconfig)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        assert session.story("gh-7-1").status is Status.UNDONE
        assert sternway_sandbox.store.all(("apps", "Deployment"))[0]["spec"] == before
    # In every other case that step does nothing, and is green.
    for name in ("gh-7-1", "gh-never-began"):
        done = sternway("rollback", name, "--unfinished", *flags, kubeconfig=kubeconfig)
        assert (done.returncode, "no undo is left to be finished" in done.stdout) == (0, True), done.stdout


def test_steps_side_by_side_are_no_groups_and_say_whose_a_line_is(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "maps.yaml").write_text("\n---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {n}, labels: {{part: {n}}}}}" for n in ("one", "two")
    ))  # fmt: skip
    steps = ", ".join(f"{{name: {n}, uses: deploy, with: {{selector: part={n}}}}}" for n in ("one", "two"))
    (tmp_path / "sternway.yaml").write_text(
        f"name: pair\nmanifests: [maps.yaml]\nsteps: [validate, [{steps}], verify]\n"
    )
    arguments = ("run", "--config", str(tmp_path / "sternway.yaml"))
    done = github(*arguments, sandbox=sternway_sandbox, summary=tmp_path / "summary.md")
    assert done.returncode == 0, done.stdout + done.stderr
    depth = 0
    for name, _, _ in commands(done.stdout):
        depth += {"group": 1, "endgroup": -1}.get(name, 0)
        assert depth in (0, 1), done.stdout
    for name in ("one", "two"):
        assert f"| execute | {name} | done |" in (tmp_path / "summary.md").read_text()
