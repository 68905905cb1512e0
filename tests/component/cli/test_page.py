"""`show --output html` and `run --report`: the page of a run, however it ended, and never at the expense of its end."""

from __future__ import annotations

import base64
import html
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.cli.page.render import render
from sternway_steps.config import StepConfig
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import fail
from sternway_steps.session import Session

from tests.helpers import command, config_map, config_of, deployment, sternway, until

STEPS = tuple(StepConfig(name, name) for name in ("validate", "deploy", "verify"))
SECRET = "hunter2hunter2"


@pytest.fixture
def session(sternway_sandbox: Sandbox) -> Iterator[Session]:
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        yield session


def text_of(page: str) -> str:
    """Give what is read of a page, with its blanks and lines as single blanks."""
    body = page.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def secret(**data: str) -> dict[str, Any]:
    """Make a Secret, with kubectl's copy of it in its annotation."""
    notes = {"kubectl.kubernetes.io/last-applied-configuration": yaml.safe_dump({"stringData": data})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": notes}, "stringData": data}


def write(folder: Path, *objects: dict[str, Any], **keys: Any) -> str:
    (folder / "m.yaml").write_text(yaml.safe_dump_all(objects))
    (folder / "c.yaml").write_text(
        yaml.safe_dump({"name": "t", "namespace": "default", "manifests": ["m.yaml"], **keys})
    )
    return str(folder / "c.yaml")


def test_a_bad_version_with_its_cause_its_differences_and_its_undo(sternway_sandbox: Sandbox, session: Session) -> None:
    session.run(
        config_of("default", deployment("web"), config_map("m", v="1\n2\n3\n"), secret(k="first" + SECRET), steps=STEPS)
    )
    bad = deployment("web", "localhost:5000/nope:9")
    run = session.run(config_of("default", bad, config_map("m", v="1\nzwei\n3\n"), config_map("n", w="x"), secret(k="then" + SECRET), steps=STEPS)).run  # fmt: skip
    done = sternway("show", run, "--output", "html", kubeconfig=sternway_sandbox.kubeconfig)
    assert (done.returncode, done.stderr) == (0, "")
    text = text_of(done.stdout)
    assert done.stdout.startswith("<!doctype html>\n")
    assert (
        "What failed, in step verify deployment.apps/web in default: ErrImagePull: image localhost:5000/nope:9" in text
    )
    assert "validate done" in text
    assert "verify failed" in text
    assert "undo of deploy: undone" in text
    assert "data.v: @@ -1,3 +1,3 @@ 1 -2 +zwei 3" in text
    assert '- spec.template.spec.containers[name=web].image: "localhost/app:1"' in text
    assert '+ spec.template.spec.containers[name=web].image: "localhost:5000/nope:9"' in text
    assert "configmap/n in default deploy created rollback deploy deleted What changed" in text
    assert 'data.k: "(hidden)"' in text
    for form in (
        SECRET,
        base64.b64encode(b"then" + SECRET.encode()).decode(),
        base64.b64encode(b"first" + SECRET.encode()).decode(),
    ):
        assert form not in done.stdout


def test_a_step_that_failed_half_way_tells_what_it_had_changed(sternway_sandbox: Sandbox, session: Session) -> None:
    sternway_sandbox.faults.when(lambda r: r.method == "PATCH" and "/services/" in r.path and "dryRun" not in str(r), fail(400), times=9)  # fmt: skip
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}}  # fmt: skip
    result = session.run(config_of("default", config_map("m", v="1"), service, steps=STEPS[1:2]))
    assert result.exit_code == 4, result
    text = text_of(render(session.story(result.run), session.changes(result.run)))
    assert "configmap/m in default deploy created rollback deploy deleted" in text
    assert 'data.v: "1"' in text


@pytest.mark.parametrize(
    ("image", "code", "status"), [("localhost/app:1", 0, "succeeded"), ("localhost:5000/nope:9", 4, "undone")]
)
def test_a_run_writes_its_report(sternway_sandbox: Sandbox, tmp_path: Path, image: str, code: int, status: str) -> None:
    config, page = write(tmp_path, deployment("web", image)), tmp_path / "run.html"
    done = sternway("run", "-c", config, "--report", str(page), kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == code, done.stdout + done.stderr
    assert f"report: {page}\n" in done.stderr
    assert f"<title>{status}: run " in page.read_text()
    assert f"Exit code {code}" in text_of(page.read_text())


@pytest.mark.parametrize(
    ("namespace", "run", "told"),
    [("default", r"\S+", "Pad"), ("gone", "before it began", "namespace gone does not exist")],
)
def test_a_refusal_is_reported_too(
    sternway_sandbox: Sandbox, tmp_path: Path, namespace: str, run: str, told: str
) -> None:
    """By its record, or by what was said before it had one."""
    pad = {"apiVersion": "v1", "kind": "Pad", "metadata": {"name": "<p>"}}
    config, page = write(tmp_path, pad, namespace=namespace), tmp_path / "run.html"
    done = sternway("run", "-c", config, "--report", str(page), kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == 3, done.stdout + done.stderr
    text = text_of(page.read_text())
    assert re.search(f"Run of {namespace}.t refused {run} It was refused before it changed anything. What failed", text)
    assert told in text
    assert "Exit code 3" in text


def test_a_run_that_is_stopped_is_reported_when_it_is_undone(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    steps = ["deploy", {"name": "wait", "execute": ["sleep", "60"], "rollback": ["true"]}]
    config, page = write(tmp_path, config_map("m", v="1"), steps=steps), tmp_path / "run.html"
    words = ["run", "-c", config, "--run", "r1", "--report", str(page)]
    with subprocess.Popen([*command(*words), "--kubeconfig", sternway_sandbox.kubeconfig], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:  # fmt: skip
        with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
            until(lambda: [s for s in session.runs() if "wait" in session.story(s.run).begun()])
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    text = text_of(page.read_text())
    assert "wait stopped" in text
    assert "undo of deploy: undone" in text


def test_a_report_that_cant_be_written_is_said_and_changes_no_exit_code(
    sternway_sandbox: Sandbox, tmp_path: Path
) -> None:
    config = write(tmp_path, config_map("m", v="1"), steps=["deploy", {"name": "hide", "execute": ["rm", "-r", str(tmp_path / "out")], "effects": "none"}])  # fmt: skip
    (tmp_path / "out").mkdir()
    done = sternway(
        "run", "-c", config, "--report", str(tmp_path / "out/run.html"), kubeconfig=sternway_sandbox.kubeconfig
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"the report {tmp_path}/out/run.html could not be written: No such file or directory; sternway show default/" in done.stderr  # fmt: skip
    assert "--output html writes it again" in done.stderr


@pytest.mark.parametrize(
    ("path", "why"), [("gone/run.html", "there is no folder "), (".", "is no file"), ("/dev/null", "is no file")]
)
def test_what_could_not_be_written_is_refused_before_anything_is_done(
    sternway_sandbox: Sandbox, session: Session, tmp_path: Path, path: str, why: str
) -> None:
    config = write(tmp_path, config_map("m", v="1"))
    done = sternway("run", "-c", config, "--report", str(tmp_path / path), kubeconfig=sternway_sandbox.kubeconfig)
    assert done.returncode == 2
    assert why in done.stderr
    assert session.runs() == []


def test_without_its_journal_it_tells_what_was_heard(sternway_sandbox: Sandbox, tmp_path: Path) -> None:
    """The journal's folder goes away while the last step works."""
    journal = tmp_path / "journal"
    steps = ["deploy", {"name": "lose", "execute": ["sh", "-c", f"rm -r {journal}/*"], "effects": "none"}]
    config = write(tmp_path, config_map("m", v="1"), steps=steps, journal={"store": "file", "path": str(journal)})
    page = tmp_path / "run.html"
    done = sternway("run", "-c", config, "--report", str(page), kubeconfig=sternway_sandbox.kubeconfig)
    text = text_of(page.read_text())
    assert "Note the journal tells nothing of this run, so this is what it said: " in text, done.stdout + done.stderr
    assert "deploy done" in text
    assert "configmap/m in default deploy created" in text or "1 created, 0 changed" in text
