"""The step images in surroundings that nobody wishes for: each end is one of the table, and said."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sternway_steps.exits import Exit

from tests.cluster.image.conftest import TARGETS, Container, docker
from tests.cluster.image.test_image import container
from tests.conftest import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
KILLED = 137
"""SIGKILL: the kernel's answer at the memory limit, which docs/reference/exit-codes.md names."""
HUGE = "x" * 100_000
MOST = 1000
"""Characters of a message, whatever it is about."""
TERMINAL = """
import os, pty, signal, sys
mode, *words = sys.argv[1:]
if mode == "ignored":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
child, terminal = pty.fork()
if child == 0:
    os.execvp(words[0], words)
os.read(terminal, 1)
os.close(terminal)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print("ended", file=sys.stderr)
sys.exit(code)
"""
"""Runs a command on a terminal that is gone after the command's first letter; its hangup is ignored, or not."""
SHELL = ["--entrypoint", "sh"]


@dataclass(frozen=True)
class Hostile:
    """Options of `docker run`, what a shell does before (`{words}`: the step), the codes it may end with, and its words."""

    options: Sequence[str]
    shell: str = ""
    codes: Sequence[int] = (Exit.DONE,)
    words: str = ""


HUGE_VARIABLES = [word for number in range(8) for word in ("-e", f"OTHER{number}={HUGE}")]
SERVICE = ["PORT=tcp://10.0.0.1:80", "SERVICE_HOST=10.0.0.1", "SERVICE_PORT=80", "PORT_80_TCP=tcp://10.0.0.1:80", "RUN_SERVICE_HOST=10.0.0.1", "RUN_SERVICE_PORT=80", "RUN_PORT=tcp://10.0.0.1:80"]  # fmt: skip
CASES: dict[str, Hostile] = {
    "huge variables": Hostile([*HUGE_VARIABLES, "-e", f"TERM={HUGE}", "-e", f"HOME=/{HUGE}"]),
    "a huge run id": Hostile(["-e", f"STERNWAY_RUN={HUGE}"], "", (Exit.REFUSED,), "run 'xxx"),
    "a huge key": Hostile(["-e", f"STERNWAY_{HUGE.upper()}=1"], "", (Exit.USAGE,), "STERNWAY_XXX"),
    "a huge value": Hostile(["-e", f"STERNWAY_NAMESPACE={HUGE}"], "", (Exit.USAGE,), "STERNWAY_NAMESPACE: namespace: 'xxx"),
    "a huge KUBECONFIG": Hostile(["-e", f"KUBECONFIG=/{HUGE}"], "", (Exit.REFUSED,), "KUBECONFIG is no path"),
    "a Service that is called as we are": Hostile([word for name in SERVICE for word in ("-e", f"STERNWAY_{name}")]),
    "no HOME, and an odd terminal": Hostile(["-e", "HOME=", "-e", "TERM=odd", "-e", "COLUMNS=-5", "-e", "LC_ALL=C", "-e", "PYTHONUTF8=0"]),
    "a user whom nobody knows": Hostile(["--user", "2147483000:0", "-e", f"OTHER={HUGE}"]),
    "few open files": Hostile(["--ulimit", "nofile=16:16"]),
    "no threads": Hostile(["--pids-limit", "1"], "", (Exit.TRANSIENT,), "no thread can be started"),
    "little memory": Hostile(["--memory", "16m", "--memory-swap", "16m"], "", (KILLED, Exit.DONE)),
    "no folder to write": Hostile(["--tmpfs", "/tmp:ro"], "", (Exit.REFUSED,), "give a writable /tmp"),
    "a full disk": Hostile(["--tmpfs", "/tmp:size=4096,mode=1777", *SHELL], "cat /dev/zero >/tmp/full 2>/dev/null; exec {words}", (Exit.REFUSED,), "give a writable /tmp"),
    "no standard streams": Hostile(SHELL, "exec {words} <&- >&- 2>&-"),
    "full standard streams": Hostile(SHELL, "exec {words} >/dev/full 2>/dev/full"),
    "a folder that is gone": Hostile(SHELL, "mkdir /tmp/x; cd /tmp/x; rmdir /tmp/x; exec {words}"),
    "a terminal that hangs up": Hostile(SHELL, f"exec python -c '{TERMINAL}' heard {{words}}", (Exit.STOPPED, Exit.DONE), "ended"),
    "a terminal that is gone": Hostile(SHELL, f"exec python -c '{TERMINAL}' ignored {{words}}", (Exit.DONE,), "ended"),
}  # fmt: skip


EACH = ["a user whom nobody knows", "little memory", "a full disk", "no standard streams"]
"""What all images are tried with; the rest is of what they have in common, and tried with one that changes something."""


@pytest.fixture
def there(real: Cluster, images: dict[str, str], build_image: str, tmp_path: Path) -> Container:
    head = f"name: web\nnamespace: {real.namespace}\nmanifests: [settings.yaml]\n"
    command = "{name: command, effects: none, execute: ['true']}"
    texts = {
        "sternway.yaml": f"{head}steps: [validate, deploy, verify, {command}]\n",
        "build.yaml": f"{head}steps: [build]\nbuild: {{image: 'localhost:5000/wt/hostile:1', context: /config}}\n",
        "settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
    }
    return container(real, {**images, "build": build_image}, tmp_path, texts)


@pytest.mark.parametrize("case", CASES)
def test_each_end_is_one_of_the_table_and_is_said(there: Container, case: str) -> None:
    hostile = CASES[case]
    _check(run(there, "deploy", hostile), hostile.codes, hostile.words)


@pytest.mark.parametrize("step", [step for step in (*TARGETS, "build") if step != "deploy"])
def test_so_is_that_of_the_other_images(there: Container, step: str) -> None:
    for hostile in (CASES[case] for case in EACH):
        # There is no daemon that would build.
        builds = step == "build" and hostile.codes != (Exit.REFUSED,)
        codes = (*hostile.codes, Exit.REFUSED) if builds else hostile.codes
        _check(run(there, step, hostile), codes, hostile.words)


def _check(done: subprocess.CompletedProcess[str], codes: Sequence[int], words: str) -> None:
    assert done.returncode in codes, done
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stderr) < MOST


def run(there: Container, step: str, hostile: Hostile) -> subprocess.CompletedProcess[str]:
    """Run a step as a person does, with the options of a case."""
    action = ["run"] if step == "run" else ["execute"]
    config = ["--config", f"/config/{'build' if step == 'build' else 'sternway'}.yaml"]
    whole = ["sternway", *(["run"] if step == "run" else ["step", step, "execute"]), *config]
    tmp = [] if "--tmpfs" in hostile.options else ["--tmpfs", "/tmp:mode=1777"]
    return docker(
        "run", "--rm", "--network", "host", "--read-only", *tmp, "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "-e", "KUBECONFIG=/kube/config", "-v", f"{there.folder}:/config:ro", "-v", f"{there.kubeconfig.parent}:/kube:ro",
        *hostile.options, there.images[step],
        *(["-c", hostile.shell.format(words=" ".join(whole))] if hostile.shell else [*action, *config]), check=False,
    )  # fmt: skip
