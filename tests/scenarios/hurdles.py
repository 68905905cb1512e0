"""What stands in the way of one object: faults on the sandbox, admission control on a real server."""

from __future__ import annotations

from typing import Any

from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox
from sternway_steps.sandbox.faults import Fault, Request, delay, fail

from tests.helpers import until

ADMISSION = "admissionregistration.k8s.io/v1"
FOR_EVER = 1_000_000


class SandboxHurdles:
    """Answers the requests that would write the object."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._faults = sandbox.faults

    def place(self, kind: str, plural: str, name: str, dry: bool) -> None:
        faults: dict[str, Fault] = {"reject": fail(403, "Forbidden"), "away": fail(503), "hang": delay(6)}
        path = f"/{plural.partition('.')[0]}/{name}"

        def looks(request: Request) -> bool:
            writes = request.method in ("PATCH", "PUT") and request.path.endswith(path)
            return writes and ("dryRun" in request.query) is dry

        self._faults.when(looks, faults[kind], FOR_EVER)

    def remove(self) -> None:
        self._faults.reset()


class RealHurdles:
    """Rejects by a ValidatingAdmissionPolicy; is away or hangs by a webhook that is not there or never answers."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._made: list[Ref] = []

    def place(self, kind: str, plural: str, name: str, dry: bool) -> None:
        resource, _, group = plural.partition(".")
        version = f"{group}/v1" if group else "v1"
        matching = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self._namespace}},
            "matchConditions": [
                {"name": "object", "expression": f"request.name == '{name}'"},
                {"name": "dry", "expression": f"(has(request.dryRun) && request.dryRun) == {str(dry).lower()}"},
                {"name": "people", "expression": "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')"},
            ],
        }  # fmt: skip
        rule = {
            "apiGroups": [group],
            "apiVersions": ["v1"],
            "resources": [resource],
            "operations": ["CREATE", "UPDATE"],
        }
        if kind == "reject":
            self._policy(matching, rule)
        else:
            if kind == "hang":
                self._silence()
            self._webhook(matching, rule, 30 if kind == "hang" else 5)
        kinds = {"configmaps": "ConfigMap", "deployments": "Deployment"}
        ref = Ref(version, kinds[resource], self._namespace, name)
        until(lambda: self._works(ref, dry), 60, "the hurdle works")

    def remove(self) -> None:
        for ref in self._made:
            self._client.delete(ref, uid=None, propagation="Background")
        self._made.clear()

    def _works(self, ref: Ref, dry: bool) -> bool:
        """Tell whether a change that changes nothing is held up."""
        path = self._client.resource(ref.api_version, ref.kind).path(ref.namespace, ref.name, "")
        query = {"dryRun": "All"} if dry else {}
        try:
            self._client.transport.request(
                "PATCH", path, query=query, body={}, content_type="application/merge-patch+json", timeout=1.5
            )
        except ApiError as error:
            return error.status in (403, 422, 500) or error.reason == "Timeout"
        return False

    def _make(self, obj: dict[str, Any]) -> None:
        self._made.append(Ref.of(self._client.create(obj, manager="test")))

    def _policy(self, matching: dict[str, Any], rule: dict[str, Any]) -> None:
        name = {"name": self._namespace}
        constraints = {"namespaceSelector": matching["namespaceSelector"], "resourceRules": [rule]}
        spec = {
            "failurePolicy": "Fail", "matchConstraints": constraints, "matchConditions": matching["matchConditions"],
            "validations": [{"expression": "false", "message": "nobody may change this now"}],
        }  # fmt: skip
        self._make({"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicy", "metadata": name, "spec": spec})
        bound = {"policyName": self._namespace, "validationActions": ["Deny"]}
        kind = "ValidatingAdmissionPolicyBinding"
        self._make({"apiVersion": ADMISSION, "kind": kind, "metadata": name, "spec": bound})

    def _webhook(self, matching: dict[str, Any], rule: dict[str, Any], seconds: int) -> None:
        service = {"name": "hurdle", "namespace": self._namespace, "port": 8443}
        hook = {
            "name": "hurdle.sternway.dev", "clientConfig": {"service": service}, "rules": [rule], **matching,
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": seconds,
        }  # fmt: skip
        metadata = {"name": self._namespace}
        self._make({"apiVersion": ADMISSION, "kind": "ValidatingWebhookConfiguration", "metadata": metadata, "webhooks": [hook]})  # fmt: skip

    def _silence(self) -> None:
        """Start what takes connections and never says a word."""
        metadata = {"name": "hurdle", "namespace": self._namespace, "labels": {"app": "hurdle"}}
        listen = ["nc", "-ll", "-p", "8443", "-e", "sleep", "3600"]
        one = {"name": "nc", "image": "localhost/busybox:1", "command": listen}
        probe = {"exec": {"command": ["sh", "-c", "grep -q :20FB /proc/net/tcp*"]}, "periodSeconds": 1}
        pod = {"containers": [{**one, "readinessProbe": probe}], "terminationGracePeriodSeconds": 1}
        self._make({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod})
        ports = {"selector": {"app": "hurdle"}, "ports": [{"port": 8443, "targetPort": 8443}]}
        self._make({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": ports})
        until(self._listens, 60, "the silent server listens")

    def _listens(self) -> bool:
        found = self._client.get(Ref("v1", "Pod", self._namespace, "hurdle")) or {}
        conditions = found.get("status", {}).get("conditions") or []
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
