"""Why an object does not become ready, by the reason that Kubernetes or the diagnosis gives."""

from __future__ import annotations

from .entry import Entry

_EVENTS = "`kubectl get events --namespace NAMESPACE --sort-by .lastTimestamp`"
_OBJECT = "`kubectl describe KIND NAME --namespace NAMESPACE`"

OBJECTS: tuple[Entry, ...] = (
    Entry(
        ("DeadlineExceeded", "RollingOut"),
        "An object was not ready in time (verify.deadline), or a Job took longer than its activeDeadlineSeconds.",
        (
            ("the message names what holds it up", "mend that; `sternway show RUN` has events and logs"),
            ("it is slow, and that is normal", "raise `verify.deadline`, or the Job's activeDeadlineSeconds"),
        ),
    ),
    Entry(
        ("ProgressDeadlineExceeded",),
        "A Deployment made no progress for its progressDeadlineSeconds: its new pods do not become available.",
        (
            ("the new pods fail", "`sternway show RUN` has their logs; `kubectl get pods --namespace NAMESPACE`"),
            ("they are slow to start", "raise progressDeadlineSeconds of the Deployment"),
        ),
    ),
    Entry(
        ("BackoffLimitExceeded", "PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded", "JobFailed"),
        "A Job failed for good: its pods failed more often than it allows.",
        (
            ("its program ended with an error", "`kubectl logs job/NAME --namespace NAMESPACE`; or `sternway show RUN`"),
            ("the trouble was temporary", "raise backoffLimit of the Job, then `sternway run`"),
        ),
    ),
    Entry(
        ("Running",),
        "A Job has not completed yet.",
        (("it has more to do than the time allows", "raise `verify.deadline`; `kubectl logs job/NAME --namespace NAMESPACE`"),),
    ),
    Entry(
        ("Missing", "Deleted", "Gone", "Terminating"),
        "An object is not there any more, or is being deleted: somebody deleted it during the run.",
        (
            ("a person or another tool deleted it", f"{_EVENTS}; take it out of the other tool, then `sternway run`"),
            ("a finalizer holds it", "`kubectl get KIND NAME --namespace NAMESPACE --output yaml` names it; mend its controller"),
        ),
    ),
    Entry(
        ("NotObserved",),
        "The controller of this kind has not looked at the change yet.",
        (
            ("the controller does not run, or is busy", "look at its pods: `kubectl get pods --all-namespaces`"),
            ("it has stopped watching this namespace", "correct the operator's settings"),
        ),
    ),
    Entry(
        ("Pending", "FailedBinding", "ProvisioningFailed"),
        "A PersistentVolumeClaim gets no volume (verify.grace.mount).",
        (
            ("the storage class is missing or misspelt", "`kubectl get storageclass`; correct storageClassName"),
            ("the provisioner can't make one", "`kubectl describe pvc NAME --namespace NAMESPACE` has its message"),
        ),
    ),
    Entry(
        ("ClaimLost", "VolumeFailed"),
        "The volume of a PersistentVolumeClaim is gone, or could not be cleared. Its data does not come back by itself.",
        (("somebody deleted the volume, or the storage lost it", "`kubectl describe pv NAME`; restore a backup into a new claim"),),
    ),
    Entry(
        ("FailedGetScale", "InvalidSelector", "InvalidMetricSourceType"),
        "A HorizontalPodAutoscaler can't find or measure what it scales.",
        (("scaleTargetRef or a metric is wrong", "`kubectl describe hpa NAME --namespace NAMESPACE`; correct it"),),
    ),
    Entry(
        ("NoAddress",),
        "A Service of type LoadBalancer has no address yet.",
        (
            ("nothing gives out addresses in this cluster", "set its type to ClusterIP, or install a load balancer"),
            ("the cloud refuses one (quota, a network)", "`kubectl describe service NAME --namespace NAMESPACE` has its message"),
        ),
    ),
    Entry(
        ("NamesNotAccepted", "NotEstablished"),
        "A CustomResourceDefinition is not served.",
        (("another definition has its names", "`kubectl get crds`; give it other names, or remove the other one"),),
    ),
    Entry(
        ("RuleWaits", "RuleFailed"),
        "A rule of the configuration (verify.rules), or of Sternway for this operator, says that an object is not ready.",
        (
            ("the object is not ready", f"{_OBJECT} shows its status"),
            ("the rule does not fit this version of the operator", "correct `verify.rules`; docs/reference/configuration.md has the form"),
        ),
    ),
)  # fmt: skip
