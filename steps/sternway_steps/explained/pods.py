"""Why a pod does not become ready, by the reason that Kubernetes or the diagnosis gives."""

from __future__ import annotations

from .entry import Entry

_POD = "`kubectl describe pod POD --namespace NAMESPACE`"
_LOG = "`kubectl logs POD --previous --namespace NAMESPACE`"
_EVENTS = "`kubectl get events --namespace NAMESPACE --sort-by .lastTimestamp`"

PODS: tuple[Entry, ...] = (
    Entry(
        ("ErrImagePull", "ImagePullBackOff"),
        "A node can't pull an image. When the registry answers with an error, the run fails at once. When it does not answer, the run waits first (verify.grace.pull).",
        (
            ("the tag or the name does not exist", "push it, or `sternway run --set image=IMAGE` with one that is there"),
            ("the registry wants a login", "create the pull Secret, and name it in imagePullSecrets of the pod"),
            ("the image is not for the node's architecture", "build it for that; `kubectl get nodes --output wide`"),
            ("the registry limits pulls, or does not answer", "try again later, or raise `verify.grace.pull`"),
        ),
    ),
    Entry(
        ("RegistryUnavailable", "ImageInspectError", "SignatureValidationFailed"),
        "A node can't use the image, or can't reach the registry that has it.",
        (
            ("the registry does not answer", f"{_POD}; try again, or raise `verify.grace.pull`"),
            ("the image in the node's store is damaged", "remove it from the node, or deploy it by its digest"),
            ("the node's policy wants a signature", "sign the image, or correct the policy"),
        ),
    ),
    Entry(
        ("ErrImageNeverPull",),
        "The image is not on the node, and imagePullPolicy is Never.",
        (("it was not loaded onto this node", "load it onto all nodes, or set imagePullPolicy to IfNotPresent"),),
    ),
    Entry(
        ("FailedToRetrieveImagePullSecret",),
        "The Secret that imagePullSecrets names does not exist, so the registry is asked without a login.",
        (
            ("it was not created in this namespace", "`kubectl get secrets --namespace NAMESPACE`; add it, or correct its name"),
            ("an operator brings it later", "raise `verify.grace.config`"),
        ),
    ),
    Entry(
        ("InvalidImageName",),
        "The image's name is not valid, so no registry was asked.",
        (("a capital letter, a space, an empty tag or variable", "`sternway plan` shows the name as it is read; correct it"),),
    ),
    Entry(
        ("CrashLoopBackOff", "Restarting"),
        "A container ended with an error, again and again (verify.grace.restarts).",
        (
            ("the program stops with an error", f"the report has its last lines; {_LOG}"),
            ("a setting or a service that it needs is missing", f"{_POD} shows its variables and its exit code"),
            ("the liveness probe kills it while it starts", "give it a startupProbe"),
        ),
    ),
    Entry(
        ("OOMKilled",),
        "The kernel ended a container that took more memory than its limit.",
        (
            ("the limit is too low", "raise resources.limits.memory in the manifest, and `sternway run`"),
            ("the new version takes more than the old one", f"{_LOG}; `kubectl top pod POD --namespace NAMESPACE`"),
        ),
    ),
    Entry(
        ("CreateContainerConfigError",),
        "A container can't start, because a setting that its manifest names is not there.",
        (
            ("a Secret or ConfigMap, or a key of it, is missing", "add it to `manifests`, or correct its name"),
            ("an operator brings it later", "raise `verify.grace.config`"),
            ("runAsNonRoot, and the image's user is root", "set runAsUser, or change the image"),
        ),
    ),
    Entry(
        ("RunContainerError", "StartError", "CreateContainerError", "PreCreateHookError"),
        "The container's runtime could not start it.",
        (
            ("the command is not in the image, or may not be run", f"correct command and args; {_POD}"),
            ("a mount covers the program", "mount it somewhere else"),
            ("the runtime on the node is at fault", f"{_EVENTS}; then `sternway run` again"),
        ),
    ),
    Entry(
        ("Unhealthy", "PodNotReady"),
        "A container runs, and its readiness probe says no.",
        (
            ("it is slow to start", "raise `verify.deadline`, or the probe's failureThreshold"),
            ("path or port of the probe is wrong", f"{_POD} shows what the probe answers"),
            ("it can't reach what it needs", "`kubectl logs POD --namespace NAMESPACE`"),
        ),
    ),
    Entry(
        ("ReadinessGatesNotReady",),
        "All containers are ready, and a condition that the pod's readinessGates name is not true.",
        (("the controller that sets it, mostly a load balancer's, has not done so", f"{_POD}; look into that controller's log"),),
    ),
    Entry(
        ("Initializing",),
        "An init container still runs.",
        (
            ("it waits for a service or a database", "`kubectl logs POD --container CONTAINER --namespace NAMESPACE`"),
            ("it has much to do", "raise `verify.deadline`"),
        ),
    ),
    Entry(
        ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"),
        "The node can't give the pod its volumes or its network.",
        (
            ("a Secret, ConfigMap or claim is missing", "add it to `manifests`, or correct its name"),
            ("the volume is still attached to another node", f"{_EVENTS}; raise `verify.grace.mount`"),
            ("the network plugin of the node is at fault", "`kubectl get pods --all-namespaces --output wide`"),
        ),
    ),
    Entry(
        ("Unschedulable", "ScalingUp", "Preempting"),
        "A pod fits on no node, and no autoscaler says that it will add one (verify.grace.unschedulable).",
        (
            ("no node has enough free cpu or memory", "ask for less, or add a node; `kubectl describe nodes`"),
            ("a taint, a selector or an affinity keeps it out", f"{_POD} counts the nodes by reason"),
            ("its claim has no volume", "`kubectl get pvc --namespace NAMESPACE`"),
            ("the autoscaler is slow", "raise `verify.grace.unschedulable`"),
        ),
    ),
    Entry(
        ("SchedulingGated",),
        "The pod has schedulingGates, so the scheduler does not look for a node.",
        (("the controller that removes them has not done so", f"{_POD} names the gates; look into that controller's log"),),
    ),
    Entry(
        ("FailedCreate",),
        "The API server rejects the pods that a controller wants to create.",
        (
            ("the quota is used up", "`kubectl describe quota --namespace NAMESPACE`"),
            ("a policy or a webhook rejects them", f"{_EVENTS} has its message; correct the pod's template"),
            ("the ServiceAccount is missing", "add it to `manifests`, or correct its name"),
        ),
    ),
    Entry(
        ("Evicted", "NodeLost", "NodeShutdown", "Shutdown", "Terminated", "UnexpectedAdmissionError", "Disrupted"),
        "The pod was removed from its node. A controller makes a new one; a pod without a controller is gone.",
        (
            ("the node is short of memory or disk", "`kubectl describe node NODE`; set requests to what is used"),
            ("the node was drained or is lost", "`kubectl get nodes`"),
            ("the pod has no controller", "deploy a Deployment or a Job instead of a Pod"),
        ),
    ),
    Entry(
        ("PodFailed",),
        "A pod ended, and does not start again.",
        (("its containers ended with an error", "`kubectl logs POD --all-containers --namespace NAMESPACE`"),),
    ),
)  # fmt: skip
