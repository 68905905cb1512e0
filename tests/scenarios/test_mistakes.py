"""The most usual mistakes: each is told by its cause in the first line, and ends in what to type next."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.journal.locks.lease import LeaseLock
from sternway_steps.journal.locks.lock import held
from sternway_steps.kube.client import Client
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail

from tests.helpers import run_of, sternway

SHORT = "name: web\nnamespace: default\nimage: web:1\nport: 8080\nreplicas: 1\n"
FAST = "verify: {deadline: 2s, grace: {pull: 100ms, restarts: 1}}\n"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
"""
QUOTA = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: default}, spec: {hard: {pods: '0'}}}"
MANIFESTS = "name: web\nnamespace: default\nmanifests: [m.yaml]\n" + FAST
COMMAND = SHORT + 'steps: [deploy, {name: migrate, uses: command, execute: ["true"], rollback: ["true"]}]\n'
Done = subprocess.CompletedProcess[str]


@dataclass
class Stage:
    """Where a mistake is made. What `stack` holds ends after it."""

    sandbox: Sandbox
    folder: Path
    client: Client
    stack: ExitStack

    def run(self, *words: str, **environ: str) -> Done:
        return sternway(*words, kubeconfig=self.sandbox.kubeconfig, environ=environ, cwd=self.folder, timeout=60)


Before = Callable[[Stage], str]


@dataclass(frozen=True)
class Mistake:
    """What was typed, and what that is answered with. `before` is what had happened; it may give words to add.

    `cause` stands in the first line that tells of it, `then` in the last of all.
    """

    typed: str
    code: Exit
    cause: str
    then: str
    files: Mapping[str, str] = field(default_factory=lambda: {"sternway.yaml": SHORT + FAST})
    before: Before = lambda _: ""
    environ: Mapping[str, str] = field(default_factory=dict)
    lines: int = 3


def create(text: str) -> Before:
    def before(stage: Stage) -> str:
        stage.client.create(yaml.safe_load(text), manager="kubectl")
        return ""

    return before


def deny(verb: str, resource: str, group: str = "") -> Before:
    def before(stage: Stage) -> str:
        stage.sandbox.access.deny(verb, resource, group)
        return ""

    return before


def expired(stage: Stage) -> str:
    stage.sandbox.faults.when(lambda _: True, fail(401, "Unauthorized"), 1000)
    return ""


def down(stage: Stage) -> str:
    text = Path(stage.sandbox.kubeconfig).read_text()
    (stage.folder / "kubeconfig").write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", text))
    return "--kubeconfig kubeconfig"


def selector_changed(stage: Stage) -> str:
    assert stage.run("run").returncode == 0
    (stage.folder / "m.yaml").write_text(DEPLOYMENT.replace("{app: web}", "{app: two}"))
    return ""


def at_work(stage: Stage) -> str:
    lock = LeaseLock(stage.client, "default", "default.web")
    stage.stack.enter_context(held(lock, "other", threading.Event()))
    return ""


def undone(stage: Stage) -> str:
    ran = run_of(stage.run("run").stdout)
    assert stage.run("rollback", ran).returncode == 0
    return ran


def only_undone(stage: Stage) -> str:
    undone(stage)
    return ""


def twice_that_name(stage: Stage) -> str:
    create("{apiVersion: v1, kind: Namespace, metadata: {name: other}}")(stage)
    for namespace in ("default", "other"):
        assert stage.run("run", "--run", "same", "--set", f"namespace={namespace}").returncode == 0
    return "same"


def ran_a_command(stage: Stage) -> str:
    (stage.folder / "other.yaml").write_text(COMMAND)
    return run_of(stage.run("run", "-c", "other.yaml").stdout)


FAILED = {"code": Exit.FAILED, "lines": 12}
MISTAKES = {
    # The configuration
    "no configuration": Mistake("run", Exit.USAGE, r"sternway\.yaml: the file can't be read", r"`sternway init`", {}),
    "a manifest for a configuration": Mistake("run -c d.yaml", Exit.USAGE, r"a manifest \(Deployment\), and no configuration", r"`sternway init d\.yaml` writes that", {"d.yaml": DEPLOYMENT.lstrip()}),
    "a wrong key": Mistake("run", Exit.USAGE, r"sternway\.yaml:6:1: imgae: this key is not known", r"did you mean 'image'\?", {"sternway.yaml": SHORT + "imgae: x\n"}),
    "a wrong type": Mistake("run", Exit.USAGE, r"sternway\.yaml:5:11: replicas: this is a string", r"expected a whole number from 0", {"sternway.yaml": SHORT.replace("replicas: 1", "replicas: two")}),
    "a tab in YAML": Mistake("run", Exit.USAGE, r"sternway\.yaml:2:1: this is no valid YAML", r"indent with spaces", {"sternway.yaml": "name: web\n\timage: x\n"}),
    "wrong indentation": Mistake("run", Exit.USAGE, r"sternway\.yaml:3:7: this is no valid YAML", r"are indented as they belong together", {"sternway.yaml": "name: web\nimage: x\n  port: 80\n"}),
    "a manifest that is not there": Mistake("run", Exit.USAGE, r"'m\.yaml' names no file", r"expected a file, a folder", {"sternway.yaml": MANIFESTS}),
    "an unknown step": Mistake("run", Exit.REFUSED, r"sternway\.yaml:6:9: steps: there is no step 'depoly'", r"did you mean 'deploy'\?.*`sternway steps`", {"sternway.yaml": SHORT + "steps: [depoly]\n"}),
    "--set without =": Mistake("run --set image", Exit.USAGE, r"--set image: this sets nothing", r"such as image=web:2"),
    # Words
    "apply": Mistake("apply", Exit.USAGE, r"'apply'\. Here it is: sternway run", r"Try 'sternway --help'"),
    "undo": Mistake("undo", Exit.USAGE, r"'undo'\. Here it is: sternway rollback", r"Try 'sternway --help'"),
    "an unknown command": Mistake("frobnicate", Exit.USAGE, r"No such command 'frobnicate'", r"Try 'sternway --help'"),
    "an unknown option": Mistake("run --frob", Exit.USAGE, r"No such option '--frob'", r"Try 'sternway run --help'"),
    # The cluster
    "no kubeconfig": Mistake("run", Exit.REFUSED, r"no cluster is configured", r"--kubeconfig, or add --sandbox", environ={"KUBECONFIG": ""}),
    "a kubeconfig that is not there": Mistake("run", Exit.REFUSED, r"kubeconfig /no/where does not exist", r"set KUBECONFIG", environ={"KUBECONFIG": "/no/where"}),
    "content for a path": Mistake("run", Exit.REFUSED, r"KUBECONFIG holds the content", r"write it into a file", environ={"KUBECONFIG": "apiVersion: v1\nkind: Config\nclusters: []\n"}),
    "a wrong context": Mistake("run --context prod", Exit.REFUSED, r"has no context 'prod'", r"--context: sandbox"),
    "an API server that is down": Mistake("run", Exit.TRANSIENT, r"127\.0\.0\.1:9 refuses the connection", r"sternway doctor", before=down),
    "a token that has expired": Mistake("run", Exit.REFUSED, r"401 Unauthorized.*the credentials of user", r"log in to the cluster anew", before=expired),
    "no right": Mistake("run", Exit.REFUSED, r"not allowed: patch deployments\.apps in default", r"^next: have that right granted.*sternway doctor", before=deny("patch", "deployments", "apps"), lines=5),
    "a namespace that is not there": Mistake("run --set namespace=shop", Exit.REFUSED, r"namespace shop does not exist", r"create it"),
    # What is deployed
    "an image that is not there": Mistake("run --set image=nope:9", **FAILED, cause=r"image nope:9: not found", then=r"^next: push that image"),
    "no login to the registry": Mistake("run --set image=private:1", **FAILED, cause=r"pull access denied", then=r"^next: let imagePullSecrets.*kubectl create secret"),
    "a crash": Mistake("run --set image=crash:1", **FAILED, cause=r"CrashLoopBackOff: container web ended with exit code 1", then=r"^next: mend what the log says"),
    "a probe that never passes": Mistake("run --set image=unready:1", **FAILED, cause=r"Readiness probe failed", then=r"^next: correct the readiness probe"),
    "labels that the selector does not match": Mistake("run", Exit.REFUSED, r"`selector` does not match template `labels`", r"^next: correct that, and run again", {"sternway.yaml": MANIFESTS, "m.yaml": DEPLOYMENT.replace("labels: {app: web}", "labels: {app: other}")}, lines=4),
    "a field that there is not": Mistake("run", Exit.REFUSED, r"m\.yaml:\d+: deployment\.apps/web in default: spec\.replicaz: field not declared in schema \(correct the field's name", r"^next: correct that, and run again", {"sternway.yaml": MANIFESTS, "m.yaml": DEPLOYMENT.replace("spec:", "spec:\n  replicaz: 1", 1)}, lines=4),
    "an immutable field": Mistake("run", Exit.REFUSED, r"field is immutable.*`run --recreate`", r"^next: correct that, and run again", {"sternway.yaml": MANIFESTS, "m.yaml": DEPLOYMENT}, selector_changed, lines=4),
    "a field of another manager": Mistake("run", Exit.REFUSED, r"is owned by kubectl.*--force-conflicts", r"^next: correct that, and run again", {"sternway.yaml": MANIFESTS, "m.yaml": DEPLOYMENT.replace("web:1", "web:2")}, create(DEPLOYMENT), lines=4),
    "a quota": Mistake("run", **FAILED, cause=r"exceeded quota: q", then=r"^next: make room in the quota", before=create(QUOTA)),
    # Runs
    "another run at work": Mistake("run", Exit.TRANSIENT, r"another run of this target is at work", r"--wait-lock 5m", before=at_work),
    "a run that is not known": Mistake("rollback 20260101-000000-abcdef", Exit.REFUSED, r"run 20260101-000000-abcdef is not in the journal", r"`sternway runs` lists"),
    "a target without its namespace": Mistake("status web", Exit.REFUSED, r"no run of web is in the journal", r"did you mean default\.web\?", before=only_undone),
    "no run": Mistake("show", Exit.USAGE, r"Missing argument 'RUN'\. `sternway runs` lists", r"Try 'sternway show --help'"),
    "a target for a run": Mistake("show default.web", Exit.REFUSED, r"run default\.web is not in the journal", r"`sternway status default\.web`"),
    "an id of two runs": Mistake("rollback", Exit.REFUSED, r"run same is in several namespaces", r"sternway rollback default/same; or: sternway rollback other/same", before=twice_that_name),
    "nothing to undo": Mistake("rollback", Exit.REFUSED, r"there is nothing to undo", r"`sternway runs`", before=only_undone),
    "what was undone, by a schedule": Mistake("run --unattended", Exit.REFUSED, r"deployed the same to default\.web and was undone", r"sternway unhold default\.web", before=only_undone),
    "resuming what has ended": Mistake("resume", Exit.REFUSED, r"has ended \(undone\)", r"sternway run", before=undone),
    "no terminal for a question": Mistake("rollback", Exit.REFUSED, r"this stands in the journal alone", r"on a terminal, which asks; or with --config", before=ran_a_command),
    # What is missing here
    "no builder": Mistake("run", Exit.REFUSED, r"there is no builder: docker", r"install one of them", {"sternway.yaml": SHORT + "steps: [build, deploy]\n", "Dockerfile": "FROM scratch\n"}, environ={"PATH": "/no/where"}),
    "no Argo": Mistake("submit", Exit.REFUSED, r"there is no Argo Workflows on this cluster", r"or use `sternway run`"),
}  # fmt: skip


SLOW = {"an API server that is down"}
"""It is asked for fifteen seconds."""


@pytest.mark.parametrize(
    "mistake",
    [pytest.param(each, id=name, marks=[pytest.mark.slow] * (name in SLOW)) for name, each in MISTAKES.items()],
)
def test_the_cause_comes_first_and_what_to_type_next_last(mistake: Mistake, tmp_path: Path) -> None:
    for name, text in mistake.files.items():
        (tmp_path / name).write_text(text)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        client = stack.enter_context(closing(Client.connect(sandbox.kubeconfig)))
        stage = Stage(sandbox, tmp_path, client, stack)
        more = mistake.before(stage)
        done = stage.run(*mistake.typed.split(), *more.split(), **mistake.environ)
    assert done.returncode == mistake.code, done.stdout + done.stderr
    told = _told(done)
    assert re.search(mistake.cause, told[0]), told
    assert re.search(mistake.then, told[-1]), told
    assert len(told) <= mistake.lines, told
    assert "Traceback" not in done.stderr


def _told(done: Done) -> list[str]:
    """Give the lines from the first one that tells of the mistake: an error, or the step of a run that failed."""
    lines = (done.stderr or done.stdout).splitlines()
    begins = re.compile(r"^[Ee]rror: | (failed|refused): ")
    first = next((n for n, line in enumerate(lines) if begins.search(line)), None)
    assert first is not None, done.stdout + done.stderr
    return lines[first:]
