"""The command line as a process: what it prints, and how it exits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sternway_steps.exits import MEANING, Exit
from sternway_steps.sandbox import Sandbox

from tests.conftest import ROOT, WEB
from tests.helpers import sternway


def test_help_has_an_example_for_each_command() -> None:
    for name in ("run", "plan", "rollback", "runs", "show", "step"):
        shown = sternway(name, "--help", kubeconfig="")
        assert shown.returncode == 0
        assert "Example: sternway " + name in shown.stdout
    assert "Example: sternway config show" in sternway("config", "show", "--help", kubeconfig="").stdout
    assert "sternway, version" in sternway("--version", kubeconfig="").stdout


def test_completion_is_offered() -> None:
    done = sternway(kubeconfig="", environ={"_STERNWAY_COMPLETE": "bash_source"})
    assert "_sternway_completion" in done.stdout


MISTAKES = {
    "no such command": (["rum"], Exit.USAGE, "No such command 'rum'"),
    "no such file": (["run", "--config", "nix.yaml"], Exit.USAGE, "nix.yaml: the file can't be read"),
    "a typo in a key": (["run", "--config", str(WEB), "--set", "imgae=web:2"], Exit.USAGE, "did you mean 'image'?"),
    "no cluster": (["run", "--config", str(WEB), "--kubeconfig", "nix"], Exit.REFUSED, "kubeconfig nix does not exist"),
    "no such run": (["rollback", "nix"], Exit.REFUSED, "run nix is not in the journal"),
    "no such namespace": (["run", "--config", str(WEB), "--set", "namespace=nix"], Exit.REFUSED, "namespace nix does not exist"),
    "an unknown step": (["run", "--config", str(WEB), "--set", "steps=[deploi]"], Exit.REFUSED, "there is no step 'deploi'"),
    "a step that the file does not have": (["step", "build", "execute", "--config", str(WEB)], Exit.REFUSED, "it has: validate, deploy, verify"),
    "an option that a step does not know": (["run", "--config", str(WEB), "--set", "steps=[{name: deploy, with: {slector: a=b}}]"], Exit.REFUSED, "did you mean 'selector'?"),
    "a selector that is none": (["run", "--config", str(WEB), "--set", "steps=[{name: deploy, with: {selector: a in b}}]"], Exit.USAGE, "steps[0].with.selector: 'a in b' is no label selector"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_and_nothing_is_touched(sternway_sandbox: Sandbox, mistake: str) -> None:
    arguments, code, words = MISTAKES[mistake]
    done = sternway(*arguments, kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert sternway_sandbox.store.all(("apps", "Deployment")) == []


def test_json_is_one_schema_of_lines(sternway_sandbox: Sandbox) -> None:
    done = sternway(
        "run", "--config", str(WEB), "--output", "json", "--set", "image=nope:1", kubeconfig=sternway_sandbox.kubeconfig
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["schema"] for line in lines} == {1}
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "run-started"
    assert kinds[-1] == "run-ended"
    assert {"step-started", "step-progress", "step-ended", "undo-started"} <= set(kinds)
    failed = next(line for line in lines if line["type"] == "step-ended" and line["error"])
    assert failed["error"]["details"]["cause"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert "objects" not in failed["error"]["details"]
    assert {(line["run"], line["namespace"]) for line in lines} == {(lines[0]["run"], "default")}
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    assert times == sorted(times)
    assert {time.utcoffset() for time in times} == {timedelta(0)}
    waited = [line for line in lines if line["type"] == "step-progress" and line["parts"]]
    assert {part["what"] for line in waited for part in line["parts"]} <= {"deployment.apps/web in default"}
    assert all(0 < line["left"] <= 120 for line in waited)
    assert (lines[-1]["status"], lines[-1]["exit_code"], done.returncode) == ("undone", 4, 4)
    run = lines[0]["run"]
    shown = json.loads(sternway("show", run, "--output", "json", kubeconfig=sternway_sandbox.kubeconfig).stdout)
    assert [(a["step"], a["action"], a["result"]) for a in shown["attempts"]] == [
        ("validate", "execute", "done"), ("deploy", "execute", "done"), ("verify", "execute", "failed"), ("deploy", "rollback", "done"),
    ]  # fmt: skip
    planned = sternway("plan", "--config", str(WEB), "--output", "json", kubeconfig=sternway_sandbox.kubeconfig)
    assert [json.loads(line)["result"] for line in planned.stdout.splitlines()] == ["create", "create"]
    listed = sternway("runs", "--output", "json", kubeconfig=sternway_sandbox.kubeconfig)
    assert json.loads(listed.stdout)["status"] == "undone"


def test_secrets_are_never_shown(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    def config(value: str) -> str:
        (tmp_path / "s.yaml").write_text(
            f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {value}}}\n"
        )
        (tmp_path / "sternway.yaml").write_text("name: s\nmanifests: [s.yaml]\n")
        return str(tmp_path / "sternway.yaml")

    outputs = []
    for value in ("hunter2hunter2", "correcthorsebattery"):
        for command in ("plan", "run"):
            for form in ("text", "json"):
                done = sternway(
                    command,
                    "--verbose",
                    "--output",
                    form,
                    "--config",
                    config(value),
                    kubeconfig=sternway_sandbox.kubeconfig,
                )
                assert done.returncode == 0, done.stdout + done.stderr
                outputs.append(done.stdout + done.stderr)
    run = sternway("runs", kubeconfig=sternway_sandbox.kubeconfig).stdout.splitlines()[1].split()[0]
    outputs.append(sternway("show", run, kubeconfig=sternway_sandbox.kubeconfig).stdout)
    for text in outputs:
        for secret in ("hunter2", "correcthorse", "aHVudGVyM", "Y29ycmVjdGhvcnNl"):
            assert secret not in text
    assert any("(hidden)" in text for text in outputs)


def test_steps_run_one_by_one_as_their_containers_do(sternway_sandbox: Sandbox) -> None:
    def step(name: str, action: str, image: str = "web:1", run: str = "wf-1") -> int:
        return sternway(
            "step",
            name,
            action,
            "--run",
            run,
            "--config",
            str(WEB),
            "--set",
            f"image={image}",
            kubeconfig=sternway_sandbox.kubeconfig,
        ).returncode

    assert step("deploy", "rollback") == Exit.DONE  # nothing began
    assert [step(name, "execute") for name in ("validate", "deploy", "verify")] == [0, 0, 0]
    before = sternway_sandbox.store.all(("apps", "Deployment"))[0]["spec"]
    assert step("deploy", "execute", "nope:1", "wf-2") == Exit.DONE
    assert step("verify", "execute", "nope:1", "wf-2") == Exit.FAILED
    assert [step(name, "rollback", "nope:1", "wf-2") for name in ("verify", "deploy")] == [0, 0]
    assert sternway_sandbox.store.all(("apps", "Deployment"))[0]["spec"] == before
    assert step("deploy", "execute", "nope:1", "wf-2") == Exit.REFUSED  # a run that was rolled back stays so


def test_the_sandbox_outlives_its_process(tmp_path: Path) -> None:
    environ = {"STERNWAY_STATE": str(tmp_path / "state.json")}
    assert sternway("run", "--sandbox", "--config", str(WEB), kubeconfig="", environ=environ).returncode == 0
    bad = sternway("run", "--sandbox", "--config", str(WEB), "--set", "image=nope:1", kubeconfig="", environ=environ)
    assert bad.returncode == Exit.FAILED
    assert "restored deployment.apps/web" in bad.stdout
    listed = sternway("runs", "--sandbox", kubeconfig="", environ=environ).stdout
    assert "undone" in listed
    assert "succeeded" in listed


def test_a_journal_in_files(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    flags = ("--config", str(WEB), "--set", "journal.store=file", "--set", f"journal.path={journal}")
    assert sternway("run", *flags, kubeconfig=sternway_sandbox.kubeconfig).returncode == 0
    assert sternway_sandbox.store.all(("", "Secret")) == []
    run = (
        sternway("runs", "--journal", journal, kubeconfig=sternway_sandbox.kubeconfig).stdout.splitlines()[1].split()[0]
    )
    assert sternway("rollback", run, "--journal", journal, kubeconfig=sternway_sandbox.kubeconfig).returncode == 0
    assert sternway_sandbox.store.all(("apps", "Deployment")) == []


def test_what_a_step_may_load_at_start() -> None:
    code = (
        "import sys, sternway_steps.step, sternway_steps.saga.plan, sternway_steps.exits, sternway_steps.cli.main, sternway_steps.builtin;"
        "import sternway_steps.saga.orchestrator, sternway_steps.session;"
        "print([m for m in ('kubernetes','hera','urllib3','werkzeug','yaml','jsonpatch','sternway_templates') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_documentation_tells_every_exit_code() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    for code, meaning in MEANING.items():
        assert f"| {int(code)} | {meaning} |" in page


@pytest.mark.parametrize(
    ("typed", "ours"), [("apply", "run"), ("undo", "rollback"), ("logs", "show"), ("version", "--version")]
)
def test_what_other_tools_call_it_is_answered_with_our_name(typed: str, ours: str) -> None:
    done = sternway(typed, "-f", "x.yaml", kubeconfig="")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert done.stderr.startswith(f"Error: No such command {typed!r}. Here it is: sternway {ours}\n")


def test_runs_steps_and_contexts_are_completed(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    shutil.copy(WEB, tmp_path / "sternway.yaml")
    run = sternway("run", "-c", str(WEB), "--run", "mine-1", kubeconfig=sternway_sandbox.kubeconfig)
    assert run.returncode == Exit.DONE

    def offered(words: str) -> list[str]:
        environ = {
            "_STERNWAY_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        done = sternway(kubeconfig=sternway_sandbox.kubeconfig, environ=environ, cwd=tmp_path)
        assert done.stderr == ""
        return [line.partition(",")[2] for line in done.stdout.splitlines() if line]

    assert offered("sternway rollback ") == ["mine-1"]
    assert offered("sternway show other") == []
    assert offered("sternway step d") == ["deploy"]
    assert offered("sternway plan --context ") == ["sandbox"]
    (tmp_path / "sternway.yaml").write_text("no")
    assert offered("sternway step d") == []


def test_plan_shows_a_text_line_by_line_and_says_by_its_code_that_something_changes(
    sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    text = [f"line {n}" for n in range(60)]
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"file": ""}}
    (tmp_path / "sternway.yaml").write_text("name: web\nmanifests: [settings.json]\n")
    config = str(tmp_path / "sternway.yaml")

    def write() -> None:
        (tmp_path / "settings.json").write_text(json.dumps({**settings, "data": {"file": "\n".join(text)}}))

    def planned(*options: str) -> tuple[int, str]:
        done = sternway("diff", "-c", config, *options, kubeconfig=sternway_sandbox.kubeconfig)
        return done.returncode, done.stdout

    write()
    assert planned("--exit-code")[0] == 1, "it would be created"
    assert sternway("run", "-c", config, kubeconfig=sternway_sandbox.kubeconfig).returncode == Exit.DONE
    assert planned("--exit-code") == (0, "unchanged configmap/settings in default\n1 unchanged\n")
    text[30] = "another"
    write()
    assert planned() == (0, planned("--exit-code")[1])
    assert planned("--exit-code") == (
        1,
        "change configmap/settings in default\n  data.file:\n    @@ -30,3 +30,3 @@\n     line 29\n    -line 30\n    +another\n     line 31\n1 to change\n",
    )


def test_plan_validates_too(sternway_sandbox: Sandbox) -> None:
    sternway_sandbox.access.deny("delete", "deployments", "apps")
    planned = sternway("plan", "--config", str(WEB), kubeconfig=sternway_sandbox.kubeconfig)
    assert planned.returncode == Exit.REFUSED
    assert "create deployment.apps/web" in planned.stdout
    assert "not allowed: delete deployments.apps in default" in planned.stderr


def test_show_names_the_fields_that_changed(sternway_sandbox: Sandbox) -> None:
    for image in ("web:1", "web:2"):
        assert (
            sternway(
                "run", "--config", str(WEB), "--set", f"image={image}", kubeconfig=sternway_sandbox.kubeconfig
            ).returncode
            == 0
        )
    run = sternway("runs", kubeconfig=sternway_sandbox.kubeconfig).stdout.splitlines()[1].split()[0]
    shown = sternway("show", run, kubeconfig=sternway_sandbox.kubeconfig).stdout
    assert "unchanged service/web" in shown
    assert "changed deployment.apps/web in default\n      spec.template.spec.containers[name=web].image\n" in shown


def test_nobody_reading_does_not_stop_a_run(sternway_sandbox: Sandbox) -> None:
    from tests.helpers import command

    flags = ("run", "--config", str(WEB), "--kubeconfig", sternway_sandbox.kubeconfig)
    for form in ("text", "json"):
        process = subprocess.Popen(command(*flags, "--output", form), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read().decode()
        process.stderr.close()
        assert (process.wait(), errors) == (0, "")


def test_who_may_read_one_namespace_sees_its_runs(sternway_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from sternway_steps.kube.client import Client
    from sternway_steps.session import Session

    assert sternway("run", "--config", str(WEB), kubeconfig=sternway_sandbox.kubeconfig).returncode == 0
    asked = Client.can_i

    def only_in_one(self: Client, verb: str, resource: object, namespace: str | None, subresource: str = "") -> bool:
        return namespace is not None and asked(self, verb, resource, namespace, subresource)  # type: ignore[arg-type]

    monkeypatch.setattr(Client, "can_i", only_in_one)
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        [story] = session.runs()
        assert session.story(story.run).run == story.run
    with Session(kubeconfig=sternway_sandbox.kubeconfig, namespace="kube-system") as session:
        assert session.runs() == []


def test_a_signal_while_it_starts_is_not_lost() -> None:
    """The first process of a container ignores a signal without a handler; ours has one before anything is loaded."""
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'sternway_steps.cli.app': os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from sternway_steps.cli import main; main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == Exit.STOPPED


def test_help_names_the_templates_commands_without_loading_them() -> None:
    """They need an extra: help must not fail without it, nor wait for what they do."""
    code = (
        "import sys; sys.modules['hera'] = None; sys.argv = ['sternway', '--help']\n"
        "import atexit; heavy = ('hera', 'yaml', 'kubernetes', 'sternway_steps.session', 'sternway_steps.config')\n"
        "atexit.register(lambda: print([m for m in heavy if sys.modules.get(m)]))\n"
        "from sternway_steps.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[]\n")
    for name in ("graph", "lint", "submit", "template", "run", "step"):
        assert f"\n  {name} " in done.stdout
    assert "Start the pipeline on Argo Workflows" in done.stdout


def test_a_broken_command_of_another_package_spoils_neither_help_nor_completion(tmp_path: Path) -> None:
    """What it says of itself is in its module alone; one that can't be imported is named, with what is missing."""
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[sternway.commands]\nbroken = other.broken:it\nfine = other.fine:it\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("")
    (tmp_path / "other" / "broken.py").write_text("import not_to_be_found\n")
    (tmp_path / "other" / "fine.py").write_text(
        "import click\n\n@click.command()\ndef it() -> None:\n    'Do it well. And more.'\n    click.echo('did it')\n"
    )

    def call(*arguments: str, **variables: str) -> str:
        environ = {**os.environ, "PYTHONPATH": str(tmp_path), **variables}
        command = [sys.executable, "-m", "sternway_steps", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False).stdout

    shown = call("--help")
    assert "Commands of other:" in shown
    assert "  broken  (needs not_to_be_found, which is not installed)" in shown
    assert "  fine    Do it well." in shown
    assert call("fine") == "did it\n"
    completed = call(_STERNWAY_COMPLETE="bash_complete", COMP_WORDS="sternway ", COMP_CWORD="1")
    assert "plain,fine\n" in completed
    assert "broken" not in completed
