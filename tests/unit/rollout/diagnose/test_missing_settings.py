"""A Secret or ConfigMap that is not there yet: who may bring it, how long it is waited for, what is said."""

from __future__ import annotations

from typing import Any

import pytest
from sternway_steps.rollout.diagnose import Related, Verdict, diagnose
from sternway_steps.rollout.diagnose.images import short
from sternway_steps.rollout.diagnose.missing_settings import missing_setting
from sternway_steps.rollout.diagnose.suppliers import supplies

from tests.unit.rollout.diagnose.test_diagnose import NEWEST, NOW, deployment, event, obj, pod

ABSENT = 'secret "db" not found'


def judged(made: Any, *events: Any, suppliers: Any = ()) -> Verdict:
    found = Related(pods=[made], replica_sets=[NEWEST], events=events, suppliers=suppliers)
    return diagnose(deployment(), found, now=NOW)


def waiting(seconds: float, *suppliers: Any) -> Verdict:
    made = pod(("CreateContainerConfigError", ABSENT))
    return judged(made, event("Failed", f"Error: {ABSENT}", seconds=seconds), suppliers=suppliers)


def external(name: str = "db", namespace: str = "n", **spec: Any) -> dict[str, Any]:
    return obj("external-secrets.io/v1", "ExternalSecret", spec, name=name, namespace=namespace)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ABSENT, "secret/db"),
        ('configmap "settings" not found', "configmap/settings"),
        ("couldn't find key password in Secret shop/db", "secret/db"),
        ("couldn't find key LEVEL in ConfigMap shop/settings", "configmap/settings"),
        ('MountVolume.SetUp failed for volume "v" : secret "db" not found', "secret/db"),
        ('MountVolume.SetUp failed for volume "v" : references non-existent secret key: tls.crt', "secret/db"),
        ('MountVolume.SetUp failed for volume "w" : references non-existent config key: a', "configmap/settings"),
        ('MountVolume.SetUp failed for volume "x" : references non-existent config key: a', ""),
        ('MountVolume.SetUp failed for volume "v" : timed out waiting for the condition', ""),
        ("container has runAsNonRoot and image will run as root", ""),
    ],
)
def test_what_is_missing_is_read_from_the_kubelets_words(text: str, wanted: str) -> None:
    volumes = [{"name": "v", "secret": {"secretName": "db"}}, {"name": "w", "configMap": {"name": "settings"}}]
    assert missing_setting(text, pod(spec={"volumes": volumes})) == wanted


def test_one_that_nothing_is_to_bring_is_waited_for_a_minute() -> None:
    found = waiting(55)
    assert (found.state, found.message) == ("progressing", f"container c can't start: {ABSENT}")
    assert found.cause is not None
    assert found.cause.wants == "secret/db"
    assert "waited" not in found.cause.message, "a deadline may come before"
    late = waiting(61)
    assert late.state == "failed"
    assert late.message.endswith("(waited 60 s for secret/db; verify.grace.config waits longer)")


def test_one_that_somebody_is_to_bring_is_waited_for_until_the_deadline() -> None:
    found = waiting(3600, external())
    assert (found.state, found.decide_at) == ("progressing", None)
    assert found.message.endswith("; ExternalSecret db is to bring it")
    assert waiting(3600, external(namespace="other")).state == "failed"


def test_a_volume_waits_for_its_settings_as_a_variable_does() -> None:
    made, text = pod(("ContainerCreating", "")), f'MountVolume.SetUp failed for volume "v" : {ABSENT}'
    assert judged(made, event("FailedMount", text, seconds=3600), suppliers=[external()]).state == "progressing"
    late = judged(made, event("FailedMount", text, seconds=70))
    assert late.state == "failed"
    assert "verify.grace.config" in late.message


def test_a_pull_secret_that_may_come_is_waited_for() -> None:
    made = pod(("ErrImagePull", "401 unauthorized"))
    text = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    told = event("FailedToRetrieveImagePullSecret", text, seconds=9)
    assert judged(made).state == "failed"
    found = judged(made, told)
    assert found.state == "progressing"
    assert found.cause is not None
    assert found.cause.wants == "secret/regcred"


JOB = {"containers": [{"name": "c", "args": ["create", "--secret-name=db", "--host=web"]}]}
READER = {"containers": [{"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "db"}}}]}]}
BRING = {
    "an ExternalSecret of that name": (external(), True),
    "an ExternalSecret with that target": (external("x", target={"name": "db"}), True),
    "an ExternalSecret with another name": (external("x", target={"name": "dbs"}), False),
    "a SealedSecret": (obj("bitnami.com/v1alpha1", "SealedSecret", {"encryptedData": {}}, name="db"), True),
    "a Certificate": (obj("cert-manager.io/v1", "Certificate", {"secretName": "db"}, name="x"), True),
    "the Secret, of a later step": (obj("v1", "Secret", name="db"), True),
    "a ConfigMap of that name": (obj("v1", "ConfigMap", name="db"), False),
    "a Job that is told the name": (obj("batch/v1", "Job", {"template": {"spec": JOB}}, name="x"), True),
    "a Job that reads it": (obj("batch/v1", "Job", {"template": {"spec": READER}}, name="x"), False),
    "a Deployment of that name": (obj("apps/v1", "Deployment", {"template": {"spec": JOB}}, name="db"), False),
    "a Role for it": (obj("rbac.authorization.k8s.io/v1", "Role", {"resourceNames": ["db"]}, name="db"), False),
    "a Service of that name": (obj("v1", "Service", name="db"), False),
}  # fmt: skip


@pytest.mark.parametrize("case", BRING)
def test_who_may_bring_a_secret(case: str) -> None:
    made, expected = BRING[case]
    assert supplies(made, "secret", "db") is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'rpc error: code = NotFound desc = failed to pull and unpack image "r/web:9": failed to resolve reference '
            '"r/web:9": r/web:9: not found',
            "not found",
        ),
        (
            'Back-off pulling image "r/web:9": ErrImagePull: failed to pull and unpack image "r/web:9": failed to '
            'resolve reference "r/web:9": failed to do request: Head "https://r/v2": dial tcp: lookup r: no such host',
            'Head "https://r/v2": dial tcp: lookup r: no such host',
        ),
        ("couldn't parse image", "couldn't parse image"),
    ],
)
def test_a_pull_error_is_told_without_what_runtimes_wrap_around_it(text: str, said: str) -> None:
    assert short(text, "r/web:9") == said
