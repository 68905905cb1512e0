"""A plan is saved, and a run is held to it: it applies exactly that, or refuses, naming what has moved."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.config import Config
from sternway_steps.config.selection import recreating
from sternway_steps.errors import Refused
from sternway_steps.exits import Exit
from sternway_steps.journal.replay import Status
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.saved_plan import SavedPlan, read_plan
from sternway_steps.session import Session

from tests.conftest import Cluster
from tests.helpers import config_map, config_of, deployment, sternway


def config(cluster: Cluster, *objects: dict[str, Any], **keys: Any) -> Config:
    made = config_of(cluster.namespace, *objects, **keys)
    return replace(made, steps=made.steps[:2])


def saved(session: Session, of: Config, folder: Path) -> SavedPlan:
    """Give a plan as it is read again."""
    file = folder / "plan.json"
    session.saved_plan(of, session.plan(of)).write(str(file))
    return read_plan(str(file))


def secret(value: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": value}}


def web(image: str = "localhost/app:1") -> dict[str, Any]:
    return deployment("web", image, replicas=0)


def patch(cluster: Cluster, api_version: str, kind: str, name: str, change: dict[str, Any]) -> None:
    cluster.client.patch(Ref(api_version, kind, cluster.namespace, name), change, manager="somebody")


OLD = (config_map("m", a="1", b="1"), web(), secret("hunter2hunter2"))
NEW = (config_map("m", a="2", b="1"), web("localhost/app:2"), secret("correcthorsebattery"), config_map("n", c="1"))


@pytest.fixture
def plan(cluster: Cluster, session: Session, tmp_path: Path) -> SavedPlan:
    """Give the plan of a change of three objects and a fourth that is new."""
    assert session.run(config(cluster, *OLD)).exit_code == 0
    return saved(session, config(cluster, *NEW), tmp_path)


def data(cluster: Cluster) -> Any:
    return (cluster.get("v1", "ConfigMap", "m") or {})["data"]


def test_what_was_planned_is_applied(cluster: Cluster, session: Session, plan: SavedPlan) -> None:
    assert [one.result for one in plan.objects] == ["change", "change", "change", "create"]
    done = session.run(config(cluster, *NEW), planned=plan)
    assert done.exit_code == 0, done
    assert data(cluster) == {"a": "2", "b": "1"}
    assert session.rollback(done.run).status is Status.UNDONE
    again = session.run(config(cluster, *NEW), planned=plan)
    assert again.exit_code == 0, "the world is as it was planned for"


def test_what_does_not_touch_what_the_apply_would_change_has_not_moved(
    cluster: Cluster, session: Session, plan: SavedPlan
) -> None:
    patch(cluster, "v1", "ConfigMap", "m", {"data": {"theirs": "1"}, "metadata": {"labels": {"theirs": "1"}}})
    patch(cluster, "apps/v1", "Deployment", "web", {"metadata": {"annotations": {"theirs": "1"}}})
    live = cluster.get("apps/v1", "Deployment", "web") or {}
    condition = {"type": "Example", "status": "True", "reason": "Example", "message": "", "lastUpdateTime": "2026-01-01T00:00:00Z"}  # fmt: skip
    status = {"status": {"conditions": [*(live.get("status") or {}).get("conditions", []), condition]}}
    ref = Ref("apps/v1", "Deployment", cluster.namespace, "web")
    cluster.client.patch(ref, status, manager="somebody", subresource="status")
    done = session.run(config(cluster, *NEW), planned=plan)
    assert done.exit_code == 0, done
    assert data(cluster) == {"a": "2", "b": "1", "theirs": "1"}


def _changed(cluster: Cluster) -> None:
    patch(cluster, "v1", "ConfigMap", "m", {"data": {"a": "3"}})


def _changed_beside(cluster: Cluster) -> None:
    patch(cluster, "v1", "ConfigMap", "m", {"data": {"b": "3"}})


def _done_already(cluster: Cluster) -> None:
    patch(cluster, "v1", "ConfigMap", "m", {"data": {"a": "2"}})


def _secret(cluster: Cluster) -> None:
    patch(cluster, "v1", "Secret", "s", {"data": {"password": "b3RoZXJvdGhlcg=="}})


def _deleted(cluster: Cluster) -> None:
    cluster.client.delete(Ref("v1", "ConfigMap", cluster.namespace, "m"), uid=None, propagation="Background")


def _another(cluster: Cluster) -> None:
    _deleted(cluster)
    obj = config_map("m", theirs="1")
    obj["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(obj, manager="somebody")


def _created(cluster: Cluster) -> None:
    obj = config_map("n", c="1")
    obj["metadata"]["namespace"] = cluster.namespace
    cluster.client.create(obj, manager="somebody")


@pytest.mark.parametrize(
    ("move", "named"),
    [
        (_changed, "data.a"),
        (_changed_beside, "data.b"),
        (_done_already, "data.a"),
        (_secret, "secret/s"),
        (_deleted, "configmap/m in {}: somebody deleted it"),
        (_another, "configmap/m in {}: somebody deleted it and made another one of that name"),
        (_created, "configmap/n in {}: somebody created it"),
    ],
)
def test_what_has_moved_is_named_and_nothing_is_done(
    cluster: Cluster, session: Session, plan: SavedPlan, move: Callable[[Cluster], None], named: str
) -> None:
    move(cluster)
    before = {ref: cluster.client.get(ref) for ref in _refs(cluster)}
    runs = len(session.runs(plan.target))
    with pytest.raises(Refused) as refused:
        session.run(
            replace(config(cluster, *NEW), deploy=replace(config(cluster).deploy, force_conflicts=False)), planned=plan
        )
    assert named.format(cluster.namespace) in str(refused.value)
    for value in ("correcthorse", "hunter2", "otherother", "b3RoZXJ"):
        assert value not in str(refused.value)
    after = {ref: cluster.client.get(ref) for ref in _refs(cluster)}
    assert {ref: (obj or {}).get("data") for ref, obj in after.items()} == {
        r: (o or {}).get("data") for r, o in before.items()
    }
    assert len(session.runs(plan.target)) == runs


def _refs(cluster: Cluster) -> Iterator[Ref]:
    for kind, name in (("ConfigMap", "m"), ("ConfigMap", "n"), ("Secret", "s")):
        yield Ref("v1", kind, cluster.namespace, name)


def test_the_configuration_at_hand_must_be_the_one_of_the_plan(
    cluster: Cluster, session: Session, plan: SavedPlan
) -> None:
    same = config(cluster, *NEW)
    others = {
        "secret/s in": config(cluster, *NEW[:2], secret("another one"), NEW[3]),
        "deployment.apps/web in": config(cluster, NEW[0], web("localhost/app:3"), *NEW[2:]),
        "it is in the plan alone": config(cluster, *NEW[:3]),
        "it is not in the plan": config(cluster, *NEW, config_map("o", a="1")),
        "steps: the configuration at hand says something else": replace(same, steps=recreating(same.steps)),
        "verify: the configuration at hand": replace(same, verify=replace(same.verify, deadline=1.0)),
        "the plan is of": replace(same, name="other"),
    }
    for named, other in others.items():
        with pytest.raises(Refused) as refused:
            session.run(other, planned=plan)
        assert named in str(refused.value)
    assert data(cluster) == {"a": "1", "b": "1"}


def test_the_file_is_its_owners_alone_and_holds_no_secret(cluster: Cluster, plan: SavedPlan, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    for value in ("correcthorse", "hunter2", "Y29ycmVjdGhvcnNl", "aHVudGVyM"):
        assert value not in text
    held = json.loads(text)
    assert held["format"] == 1
    assert held["objects"][1]["manifest"]["spec"]["template"]["spec"]["containers"][0]["image"] == "localhost/app:2"
    assert held["objects"][0]["uid"] == (cluster.get("v1", "ConfigMap", "m") or {})["metadata"]["uid"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('"a": "2"', '"a": "5"'), "is damaged"),
        (lambda text: text[:-40], "is no plan, or damaged"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "a plan of format 2"),
        (lambda _: "[]", "is no plan"),
        (lambda _: '{"kind": "other"}', "is no plan"),
        (lambda _: "[" * 100_000, "is no plan, or damaged"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(
    sternway_sandbox: Any, tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    file = tmp_path / "plan.json"
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        of = config_of("default", config_map("m", a="2"))
        session.saved_plan(of, session.plan(of)).write(str(file))
    file.write_text(change(file.read_text()))
    with pytest.raises(Refused) as refused:
        read_plan(str(file))
    assert said in str(refused.value)


def test_by_the_command_line(sternway_sandbox: Any, tmp_path: Path) -> None:
    def call(*arguments: str) -> Any:
        return sternway(*arguments, "-c", str(tmp_path / "sternway.yaml"), kubeconfig=sternway_sandbox.kubeconfig)

    file = str(tmp_path / "plan.json")
    (tmp_path / "m.json").write_text(json.dumps(config_map("m", a="1")))
    (tmp_path / "sternway.yaml").write_text(
        "name: t\nnamespace: default\nmanifests: [m.json]\nsteps: [validate, deploy]\n"
    )
    planned = call("plan", "--save", file, "--exit-code")
    assert planned.returncode == 1
    assert f"saved to {file}" in planned.stderr
    assert call("run", "--plan", file).returncode == Exit.DONE
    moved = call("run", "--plan", file)
    assert moved.returncode == Exit.REFUSED
    assert "configmap/m in default: somebody created it" in moved.stderr
    (tmp_path / "m.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Nix", "metadata": {"name": "m"}}))
    assert call("plan", "--save", file + "2").returncode == Exit.REFUSED
    assert not Path(file + "2").exists()
    assert call("run", "--plan", "nix.json").returncode == Exit.REFUSED


@dataclass
class Tags:
    """A registry that knows one tag, and what it points to."""

    content: bytes = b'{"schemaVersion": 2}'
    asked: list[str] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def tags() -> Iterator[Tags]:
    known = Tags()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            self.send_header("Content-Length", str(len(known.content)))
            self.end_headers()
            self.wfile.write(known.content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield known
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_tag_that_points_to_another_image_has_moved(sternway_sandbox: Any, tmp_path: Path, tags: Tags) -> None:
    image = f"127.0.0.1:{tags.port}/app:1"
    of = replace(config_of("default", deployment("web", image, replicas=0)))
    of = replace(of, steps=of.steps[:2])
    with Session(kubeconfig=sternway_sandbox.kubeconfig) as session:
        plan = saved(session, of, tmp_path)
        [(named, digest)] = plan.images.items()
        assert (named, digest.partition(":")[0]) == (image, "sha256")
        tags.content += b" "
        with pytest.raises(Refused, match=f"image {image}: it was {digest}, and is sha256:"):
            session.run(of, planned=plan)
        tags.content = tags.content[:-1]
        assert session.run(of, planned=plan).exit_code == 0
