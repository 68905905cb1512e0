"""Runs a command as a Job with an image of its own in the target's namespace, with its log and exit code."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from ...errors import Failed, Stopped
from ...kube.api_error import ApiError
from ...kube.logs import PodLog
from ...kube.wait import wait_until_deleted
from ...objects.ref import Ref
from ...process.marked import CHILD, GRACE
from ...process.output import LINES, Output
from ...release.missing_rights import missing_rights
from ...release.rights import expand, rules_of_env
from ...release.targets import namespace_of
from ...step import Context
from .environment import Resolved, env_of
from .invocation import LABEL, Invocation
from .record import Begun, Ended
from .rights import JOB_RULES

if TYPE_CHECKING:
    from ...rollout.wait import Report

CONTAINER = "command"
MANAGER = "sternway"
_JOB = "sternway.dev/job"
_SPARE = 30
"""Seconds after our own deadline at which the Job ends by itself, in case its watcher is dead."""
_KEPT = 86_400
_OF_ITS_POD = ("BackoffLimitExceeded", "PodFailed")
"""Reasons of a Job that say no more than that its pod failed."""
_ROTATED = 8_000_000
"""Bytes from which on a log may have been rotated (the kubelet's containerLogMaxSize is 10 MiB, or more)."""
_LAST_WORDS = 5.0
"""Seconds that a log may take to arrive when its container has ended."""


class Jobs:
    """Runs a command in a pod that contains nothing of ours: the journal is kept outside."""

    name = "kubernetes"

    def findings(self, context: Context, work: Invocation) -> list[str]:
        """Return what speaks against a command: the image, the rights."""
        step = f"step {context.step}"
        if not work.image:
            return [f"{step}: a Job needs an image, and the step has none"]
        if work.folder:
            return [f"{step}: a pod has no folder of this machine; put the files into the image, or into arguments"]
        rules = (*JOB_RULES, *rules_of_env(work.references))
        missing = missing_rights(context.client, expand(rules, (), self.where(context)))
        return [f"{step}: not allowed: {right}" for right in missing]

    def prepare(self, context: Context, work: Invocation) -> None:
        """Do nothing: the node pulls."""

    def where(self, context: Context) -> str:
        """Name the namespace."""
        return namespace_of(context.config, context.client)

    def run(self, context: Context, work: Invocation, resolved: Resolved, output: Output) -> Ended:  # noqa: ARG002
        """Run it to its end; its Job is gone then, or on its way."""
        from ...rollout.wait import RunFacts, watch_rollout

        client, namespace = context.client, self.where(context)
        manifest, held = job(context, work, namespace), ""
        try:
            uid = client.create(manifest, manager=MANAGER)["metadata"]["uid"]
        except ApiError as error:
            if error.transient:
                raise
            return Ended(None, started=False, why=f"the Job can't be made: {error}")
        ref = Ref.of(manifest)
        with PodLog(client, namespace, f"{_JOB}={work.name}", output.feed) as log:
            try:
                report = watch_rollout(
                    client, [ref], stop=context.stop, deadline=context.deadline or math.inf,
                    grace=context.config.verify.grace, on_progress=context.report, facts=RunFacts(to_end=True),
                )  # fmt: skip
                held = "" if report.ready else report.summary
                context.check()
            except Stopped as stopped:
                self._remove(context, ref, uid)
                began = log.began(_LAST_WORDS)
                output.close()
                why = f"{stopped.message} ({held})" if held and not began else stopped.message
                return Ended(None, began, output.lines, why, stopped=True)
            log.finish(_LAST_WORDS)
            if log.taken > _ROTATED:
                output.feed(b"\n" + log.last(LINES))
            if not report.ready and not log.exit_code:
                # It did not run yet, or does still: only when its pod is gone nobody can be wrong about that.
                self._remove(context, ref, uid)
            else:
                client.delete(ref, uid=uid, propagation="Background")
            output.close()
            return _ended(log, report, output, ref)

    def is_there(self, context: Context, begun: Begun) -> bool:
        """Return whether the Job is there, and not on its way out."""
        live = context.client.get(Ref("batch/v1", "Job", begun.where, begun.name))
        ours = live is not None and live["metadata"].get("labels", {}).get(LABEL) == begun.mark.get(CHILD)
        return live is not None and ours and "deletionTimestamp" not in live["metadata"]

    def end(self, context: Context, begun: Begun) -> bool | None:
        """Delete the Job, and wait until its pods are gone."""
        ref = Ref("batch/v1", "Job", begun.where, begun.name)
        live = context.client.get(ref)
        if live is None or live["metadata"].get("labels", {}).get(LABEL) != begun.mark.get(CHILD):
            return None  # it is gone, or a run of another journal has called its own so
        with PodLog(context.client, begun.where, f"{_JOB}={begun.name}", lambda _: None) as log:
            log.look()
            self._remove(context, ref, live["metadata"]["uid"])
            return log.began(_LAST_WORDS)

    def _remove(self, context: Context, ref: Ref, uid: str) -> None:
        context.client.delete(ref, uid=uid, propagation="Foreground")
        if wait_until_deleted(context.client, ref, uid) is not None:
            raise Failed(f"{ref} is still being deleted, so its command may still run", remedy="look at its pod's node")


def job(context: Context, work: Invocation, namespace: str) -> dict[str, Any]:
    """Return the Job of an attempt. It starts one pod, once."""
    options = work.options
    labels = {
        "app.kubernetes.io/managed-by": "sternway", "sternway.dev/run": context.run, "sternway.dev/step": context.step,
        _JOB: work.name, LABEL: work.told.get(CHILD, ""),
    }  # fmt: skip
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": work.image,
        # Kubernetes would expand $(NAME) in it, and no other runner does.
        "command": [word.replace("$", "$$") for word in work.argv],
        "env": env_of([*work.plain.items(), *work.told.items()], work.references),
        "securityContext": _security(options.get("user")),
    }
    for key, name in (("resources", "resources"), ("workdir", "workingDir")):
        container |= {name: options[key]} if key in options else {}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": int(GRACE),
        # Most commands have no business with the API; one that has names its account.
        "automountServiceAccountToken": "serviceAccount" in options,
        "containers": [container],
    }
    if "serviceAccount" in options:
        pod["serviceAccountName"] = options["serviceAccount"]
    if options.get("imagePullSecrets"):
        pod["imagePullSecrets"] = [{"name": name} for name in options["imagePullSecrets"]]
    if options.get("nodeSelector"):
        pod["nodeSelector"] = dict(options["nodeSelector"])
    spec: dict[str, Any] = {
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": _KEPT,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if context.deadline is not None:
        left = max(1.0, context.deadline - time.monotonic())
        spec["activeDeadlineSeconds"] = math.ceil(left) + _SPARE
    metadata = {"name": work.name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _security(user: int | None) -> dict[str, Any]:
    """Return the strictest security context that fits: the restricted standard where the user's number is given."""
    safe: dict[str, Any] = {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}}
    if user is not None:
        safe |= {"runAsUser": user, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    return safe


def _ended(log: PodLog, report: Report, output: Output, ref: Ref) -> Ended:
    if report.ready:
        return Ended(0, log=output.lines)
    details = {**report.to_dict(), "log": list(output.lines)}
    # One that was deleted may have ended well when it was asked to: what it should do, it did not.
    code = log.exit_code or None
    why = report.summary
    if report.failures and report.failures[0].verdict.reason in _OF_ITS_POD:  # which tells more
        why = f"{ref}: {log.removed}" if log.removed else "" if code is not None else log.unstarted or why
    return Ended(code, log.began(_LAST_WORDS), output.lines, why, details=details)
