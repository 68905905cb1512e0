"""The keys of the sections `argo`, `schedule` and `parameters`, and how each value is read."""

from __future__ import annotations

import re

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Key, Many, Raw, Section, Short, Table
from .argo import ArgoConfig, Parameter, Schedule
from .backoff import Backoff
from .step_pod import RESOURCES, TEXTS, TOLERATIONS, renamed, untagged

_NAMES = {
    "serviceAccount": "service_account",
    "rollbackDeadline": "rollback_deadline",
    "startDeadline": "start_deadline",
    "pendingTimeout": "pending_timeout",
    "rollbackRetries": "rollback_retries",
    "undoOnTerminate": "undo_on_terminate",
    "ttlFailed": "ttl_failed",
    "podGC": "pod_gc",
    "nodeSelector": "node_selector",
    "imagePullSecrets": "image_pull_secrets",
    "podLabels": "pod_labels",
    "podAnnotations": "pod_annotations",
    "securityContext": "security_context",
    "podSecurityContext": "pod_security_context",
    "startingDeadline": "starting_deadline",
    "succeededHistory": "succeeded_history",
    "failedHistory": "failed_history",
    "stopStrategy": "stop_strategy",
}
_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*(\{(step|version)\}[A-Za-z0-9._/:@-]*)*")
_IMAGE = s.matching(_PATTERN, "an image reference; {step} and {version} are filled in", 4096)
_BACKOFF = Section(
    {
        "first": Key(s.duration, "The first wait; each after it is twice as long.", Backoff.first),
        "most": Key(s.duration, "The longest wait.", Backoff.most),
    },
    Backoff,
)
_POD_GC = s.one_of("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
ARGO = Section(
    {
        "image": Key(
            _IMAGE,
            "The step images: `{step}` stands for the step that is used, `{version}` for Sternway's version.",
            ArgoConfig.image,
            ("registry.example/sternway-{step}:{version}",),
        ),
        "images": Key(
            Table(s.dns_label, _IMAGE),
            "Images of steps of other packages, by the name of the step; `run` is an image with all steps, which the "
            "sweeper needs if there are several.",
            examples=({"flag": "registry.example/flag-step:1.0.0"},),
        ),
        "serviceAccount": Key(s.dns_name, "A ServiceAccount of your own; then no rights are generated."),
        "pods": Key(
            s.one_of("one", "each"),
            "`one` is one pod for the steps and one for the rollbacks, `each` a pod for each. Without this key it is "
            "`one`, and a step that needs a pod of its own gets it.",
        ),
        "rollbackDeadline": Key(
            s.duration,
            "How long a pod with rollbacks may take, at least.",
            ArgoConfig.rollback_deadline,
        ),
        "startDeadline": Key(
            s.duration,
            "How long a pod of the exit handler may take to start; after that the sweeper undoes the run.",
            ArgoConfig.start_deadline,
        ),
        "pendingTimeout": Key(
            s.duration,
            "How long a pod with steps may take to start: to find a node, to pull its images.",
            ArgoConfig.pending_timeout,
        ),
        "rollbackRetries": Key(s.whole(0, 100), "How often a rollback is tried again.", ArgoConfig.rollback_retries),
        "backoff": Key(_BACKOFF, "The waits between retries."),
        "mutex": Key(
            s.dns_name, "The mutex that only one Workflow of the target can hold; by default each target has its own."
        ),
        "sweep": Key(
            s.boolean,
            "Whether to make the sweeper, a CronJob that looks each minute for runs that died, and undoes them.",
            ArgoConfig.sweep,
        ),
        "undoOnTerminate": Key(
            s.boolean,
            "Whether a step that is stopped by `argo terminate`, or by a deletion, starts the undo at once.",
            ArgoConfig.undo_on_terminate,
        ),
        "ttl": Key(s.duration, "How long a Workflow that succeeded is kept.", ArgoConfig.ttl),
        "ttlFailed": Key(s.duration, "How long a Workflow that failed is kept.", ArgoConfig.ttl_failed),
        "podGC": Key(_POD_GC, "When Argo deletes the pods, as `podGC.strategy` of a Workflow.", ArgoConfig.pod_gc),
        "resources": Key(RESOURCES, "What the containers of the steps request and may use.", ArgoConfig().resources),
        "nodeSelector": Key(TEXTS, "Labels of the nodes that the steps' pods may run on."),
        "tolerations": Key(TOLERATIONS, "Taints of nodes that the steps' pods tolerate."),
        "imagePullSecrets": Key(Many(s.dns_name), "Secrets with the credentials of the step images' registry."),
        "labels": Key(TEXTS, "Labels of the generated objects."),
        "annotations": Key(TEXTS, "Annotations of the generated objects."),
        "podLabels": Key(TEXTS, "Labels of the steps' pods."),
        "podAnnotations": Key(TEXTS, "Annotations of the steps' pods."),
        "user": Key(s.whole(1), "The user that the steps run as.", ArgoConfig.user),
        "securityContext": Key(
            Table(untagged, Raw()), "Added to the containers' restricted SecurityContext; your values win."
        ),
        "podSecurityContext": Key(
            Table(untagged, Raw()), "Added to the pods' restricted PodSecurityContext; your values win."
        ),
    },
    renamed(ArgoConfig, _NAMES),
)


@s.reads("a time zone, such as Europe/Berlin", {"type": "string", "minLength": 1})
def _zone(node: Node) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    text = s.string(node)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise s.InvalidValue(f"there is no time zone {text!r}", "a name such as Europe/Berlin") from error
    return text


@s.reads("times in cron's form, such as 30 2 * * *", untagged.schema)
def _times(node: Node) -> Schedule:
    return Schedule((untagged(node),))


_STOP = Section(
    {"expression": Key(untagged, "The schedule ends when this holds.", examples=("cronworkflow.failed >= 3",))},
    lambda expression: expression,
    required=("expression",),
)
SCHEDULE = Short(
    _times,
    Section(
        {
            "cron": Key(Many(untagged), "The times, in cron's form.", examples=(["30 2 * * 1-5"],)),
            "timezone": Key(_zone, "The time zone of the times.", Schedule.timezone),
            "startingDeadline": Key(
                s.duration, "How late a run that was missed may start.", Schedule.starting_deadline
            ),
            "succeededHistory": Key(
                s.whole(0, 1000), "How many Workflows that succeeded are kept.", Schedule.succeeded_history
            ),
            "failedHistory": Key(s.whole(0, 1000), "How many Workflows that failed are kept.", Schedule.failed_history),
            "suspend": Key(s.boolean, "Whether the schedule is paused.", Schedule.suspend),
            "stopStrategy": Key(_STOP, "When the schedule ends for good."),
        },
        renamed(Schedule, _NAMES),
        required=("cron",),
    ),
)
_PARAMETER = Section(
    {
        "description": Key(untagged, "What people read beside it."),
        "enum": Key(Many(untagged), "The values that it may have."),
    },
    renamed(Parameter, _NAMES),
)
PARAMETERS = Table(
    s.matching(re.compile(r"[A-Za-z][A-Za-z0-9_.-]*"), "a key of the config, such as env.LEVEL"), _PARAMETER
)
