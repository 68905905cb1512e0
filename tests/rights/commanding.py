"""Commands that are run as Jobs."""

from __future__ import annotations

import subprocess

from tests.helpers import command, until
from tests.rights.stage import Stage

SECRET = "48151623"


COMMAND = {
    "name": "job", "uses": "command", "effects": "none", "runner": "kubernetes", "image": "localhost/busybox:1",
    "execute": ["sh", "-c", "echo said $S $C"],
    "env": {"S": {"secret": "keys", "key": "a"}, "C": {"config": "conf", "key": "a"}},
}  # fmt: skip


def commanded(stage: Stage) -> None:
    """A command with variables from a Secret and a ConfigMap, which ends well, and one that does not."""
    meta = {"namespace": stage.namespace}
    stage.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {**meta, "name": "keys"}, "stringData": {"a": SECRET}}
    )
    stage.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "name": "conf"}, "data": {"a": "b"}})
    stage.run(1)
    stage.expect(stage.told("| said") and not stage.told(SECRET), "its log is not told, or a secret is")


def killed(stage: Stage) -> None:
    """The process is killed while its Job runs; the undo asks what became of it, and ends it."""
    stage.config(
        1,
        steps=[
            {
                **COMMAND,
                "effects": "reversible",
                "execute": ["sh", "-c", "echo it takes long; sleep 60"],
                "rollback": ["true"],
                "env": {},
            }
        ],
    )
    words = command("run", "-c", str(stage.folder / "sternway.yaml"), "--run", "r", "--kubeconfig", stage.kubeconfig)
    out = stage.folder / "out"
    with out.open("w") as file, subprocess.Popen(words, stdout=file, stderr=file) as process:
        until(lambda: process.poll() is not None or _running(stage), 30, "the command runs")
        process.kill()
    stage.expect(_running(stage), out.read_text())
    stage.rollback("r")
    stage.expect(
        [j for j in stage.list("batch/v1", "Job") if "deletionTimestamp" not in j["metadata"]] == [], "a Job is left"
    )


def _running(stage: Stage) -> bool:
    return any(pod["status"]["phase"] == "Running" for pod in stage.list("v1", "Pod"))
