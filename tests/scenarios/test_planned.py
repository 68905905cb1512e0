"""What a plan shows: fields of what is new, what is taken over from whom, long lists folded, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sternway_steps.exits import Exit

from tests.conftest import Cluster
from tests.helpers import config_map, deployment, sternway


class Planning:
    """A folder with a configuration, and what `plan` says of it."""

    def __init__(self, cluster: Cluster, folder: Path, *objects: dict[str, Any]) -> None:
        self.cluster, self.folder = cluster, folder
        self.write(*objects)

    def write(self, *objects: dict[str, Any]) -> None:
        (self.folder / "m.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
        text = f"name: t\nnamespace: {self.cluster.namespace}\nmanifests: [m.json]\nsteps: [validate, deploy]\n"
        (self.folder / "sternway.yaml").write_text(text)

    def call(self, command: str, *options: str) -> Any:
        return sternway(command, "-c", str(self.folder / "sternway.yaml"), *options, kubeconfig=self.cluster.kubeconfig)


def test_fields_of_what_is_new_are_shown_as_the_manifest_has_them(cluster: Cluster, tmp_path: Path) -> None:
    planning = Planning(cluster, tmp_path, deployment("web", image="localhost/app:1"))
    shown = planning.call("plan").stdout
    assert '  + spec.template.spec.containers[name=web].image: "localhost/app:1"\n' in shown
    assert "  + spec.replicas: 1\n" in shown
    assert ".name:" not in shown, "what names an item is not repeated"
    assert "imagePullPolicy" not in shown, "nothing that the server adds"


def test_a_long_list_is_folded_and_all_shows_it(cluster: Cluster, tmp_path: Path) -> None:
    planning = Planning(cluster, tmp_path, config_map("m", **{f"k{n}": "1" for n in range(50)}))
    shown = planning.call("plan").stdout
    assert shown.count("  + data.") == 12
    assert "  … 38 more lines (--all shows them)\n" in shown
    assert planning.call("plan", "--all").stdout.count("  + data.") == 50


def test_a_conflict_names_field_and_manager_and_then_what_is_taken_over(cluster: Cluster, tmp_path: Path) -> None:
    theirs = config_map("m", a="1", b="1")
    theirs["metadata"]["namespace"] = cluster.namespace
    cluster.client.apply(theirs, manager="somebody")
    planning = Planning(cluster, tmp_path, config_map("m", a="2", b="1"))
    refused = planning.call("plan")
    assert refused.returncode == Exit.REFUSED
    first = f"rejected configmap/m in {cluster.namespace}: others own what it sets\n"
    assert first + "  data.a is owned by somebody: --force-conflicts takes it over\n" in refused.stdout
    [line, *_] = planning.call("plan", "--output", "json").stdout.splitlines()
    assert json.loads(line)["conflicts"] == [{"manager": "somebody", "fields": ["data.a"]}]
    taken = planning.call("plan", "--force-conflicts")
    assert taken.returncode == Exit.DONE
    assert "  takes over data.a from somebody\n" in taken.stdout


def test_the_comment_on_a_pull_request_hides_what_text_hides(cluster: Cluster, tmp_path: Path) -> None:
    def secret(value: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": value}}

    planning = Planning(cluster, tmp_path, secret("hunter2hunter2"), config_map("m", a="1"))
    for value in ("hunter2hunter2", "correcthorsebattery"):
        planning.write(secret(value), config_map("m", a=value[:2]))
        done = planning.call("plan", "--output", "markdown")
        assert done.returncode == Exit.DONE, done.stderr
        for hidden in (value, "aHVudGVy", "Y29ycmVj"):
            assert hidden not in done.stdout
        assert "(hidden)" in done.stdout
        assert done.stdout.count("<details>") == 2
        assert planning.call("run").returncode == Exit.DONE
    assert planning.call("plan", "--output", "markdown").stdout == "### Plan: 2 unchanged\n"
