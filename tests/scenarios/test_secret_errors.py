"""What a server says of a Secret that it does not take: the field is named, and no value of it is quoted."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sternway_steps.exits import Exit
from sternway_steps.kube.api_error import ApiError
from sternway_steps.objects.ref import Ref
from sternway_steps.objects.secret import LAST_APPLIED

from tests.conftest import Cluster
from tests.helpers import sternway

MARK = "pLaNtEd48151623"
NUMBER = 4815162342
WRONG: dict[str, dict[str, Any]] = {
    "a number": {"stringData": {"key": NUMBER}},
    "a number in data": {"data": {"key": NUMBER}},
    "a mapping": {"stringData": {"key": {"password": MARK}}},
    "a list": {"data": {"key": [MARK, {"a": MARK}]}},
    "several lines": {"stringData": {"key": [f"{MARK}\n{MARK}-2, got &{{"]}},
    "no mapping at all": {"stringData": MARK},
    "no base64": {"data": {"key": f"{MARK}!"}},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_secret_that_is_not_taken_is_not_quoted(cluster: Cluster, wrong: dict[str, Any], tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, **wrong}
    (tmp_path / "secret.yaml").write_text(yaml.safe_dump(secret))
    config = tmp_path / "sternway.yaml"
    config.write_text(f"name: web\nnamespace: {cluster.namespace}\nmanifests: [secret.yaml]\n")
    everything = ""
    for words in (["plan", "-o", "json"], ["run", "--run", "r-1"], ["run", "-o", "github"], ["show", "r-1", "-o", "json", "-n", cluster.namespace]):  # fmt: skip
        from_config = ["-c", str(config)] if words[0] != "show" else []
        done = sternway(*words, *from_config, kubeconfig=cluster.kubeconfig)
        told = done.stdout + done.stderr
        assert done.returncode == (Exit.REFUSED if words[0] != "show" else Exit.DONE), told
        everything += told
        for value in (MARK, str(NUMBER), base64.b64encode(MARK.encode()).decode()):
            assert value not in told
    if "data" in wrong or isinstance(wrong["stringData"], dict):
        assert ".key" in everything or "base64" in everything, everything


@pytest.mark.cluster
@pytest.mark.parametrize("kind", ["workload", "hook"])
def test_what_a_program_prints_of_its_secret_before_it_dies_is_not_told(
    real: Cluster, kind: str, tmp_path: Path
) -> None:
    shell = {
        "name": "a", "image": "localhost/busybox:1", "terminationMessagePolicy": "FallbackToLogsOnError",
        "command": ["sh", "-c", 'echo "no login with $TOKEN"; exit 1'], "envFrom": [{"secretRef": {"name": "keys"}}],
    }  # fmt: skip
    hook = {"annotations": {"helm.sh/hook": "post-install"}} if kind == "hook" else {}
    objects = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"TOKEN": MARK}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", **hook}, "spec": {"restartPolicy": "Never", "containers": [shell]}},
    ]  # fmt: skip
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump_all(objects))
    config = tmp_path / "sternway.yaml"
    config.write_text(f"name: web\nnamespace: {real.namespace}\nhooks: run\nmanifests: [objects.yaml]\n")
    page = tmp_path / "report.html"
    run = sternway("run", "--run", "r-1", "-c", str(config), "--report", str(page), kubeconfig=real.kubeconfig)
    show = sternway("show", "r-1", "-o", "json", "-n", real.namespace, kubeconfig=real.kubeconfig)
    assert run.returncode == Exit.FAILED, run.stdout + run.stderr
    for told in (run.stdout + run.stderr, show.stdout + show.stderr, page.read_text()):
        assert "no login with ***" in told
        assert MARK not in told


@pytest.fixture
def quoting(real: Cluster) -> Iterator[Cluster]:
    """A cluster with a policy that quotes in its message what it does not admit, as a webhook may."""
    name = f"leaks-{uuid.uuid4().hex[:8]}"
    expression = "'the value ' + string(object.data['key']) + ' is not good; ' + string(object.data['other'])"
    here = {"matchLabels": {"kubernetes.io/metadata.name": real.namespace}}
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}]
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": rules, "namespaceSelector": here},
            "matchConditions": [{"name": "ours", "expression": "object.metadata.name == 'keys'"}],
            "validations": [{"expression": "false", "messageExpression": expression}],
        },
    }  # fmt: skip
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": here}},
    }  # fmt: skip
    made = [policy, binding]
    try:
        for obj in made:
            real.client.create(obj, manager="test")
        yield real
    finally:
        for obj in made:
            real.client.delete(Ref.of(obj), uid=None, propagation="Background")


@pytest.mark.cluster
def test_what_admission_quotes_of_a_secret_is_hidden(quoting: Cluster) -> None:
    from tests.helpers import until

    key, other = "pLaNtEd-key-48151623", "pLaNtEd-other-2342"
    data = {name: base64.b64encode(value.encode()).decode() for name, value in (("key", key), ("other", other))}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": quoting.namespace}, "data": data}  # fmt: skip
    errors: list[ApiError] = []

    def denied() -> bool:
        try:
            quoting.client.apply(secret, manager="test", force=True, dry_run=True)
        except ApiError as error:
            errors.append(error)
        return bool(errors)

    until(denied, 30, "the policy is at work")
    assert "the value " in str(errors[0])
    for value in (key, other, *data.values()):
        assert value not in f"{errors[0]} {errors[0].causes}"


def test_a_plan_shows_no_value_of_a_secret_wherever_it_stands(cluster: Cluster, tmp_path: Path) -> None:
    old, new = "pLaNtEd-old-48151623", "pLaNtEd-new-2342"

    def secret(value: str, **metadata: object) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", **metadata}, "stringData": {"key": value}}  # fmt: skip

    def noted(value: str) -> dict[str, Any]:
        return secret(value, annotations={LAST_APPLIED: json.dumps(secret(value))}, namespace=cluster.namespace)

    cluster.client.create(noted(old), manager="kubectl-client-side-apply")
    bare = secret(old, namespace=cluster.namespace)
    cluster.client.create({**bare, "metadata": {**bare["metadata"], "name": "bare"}}, manager="test")
    wanted = noted(new)
    also = {**wanted, "metadata": {**wanted["metadata"], "name": "bare", "labels": {"a": "b"}}}
    (tmp_path / "secret.yaml").write_text(yaml.safe_dump_all([wanted, also]))
    config = tmp_path / "sternway.yaml"
    config.write_text(f"name: web\nnamespace: {cluster.namespace}\nmanifests: [secret.yaml]\n")
    for form in ("text", "json", "github"):
        done = sternway("plan", "-c", str(config), "-o", form, "--force-conflicts", kubeconfig=cluster.kubeconfig)
        told = done.stdout + done.stderr
        assert "last-applied-configuration" in told, told
        assert told.count("(hidden)") > 3 or form == "github", told
        for value in (old, new):
            assert value not in told
            assert base64.b64encode(value.encode()).decode() not in told
