"""A step's action as a container template, and what all containers share."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.config.step_pod import StepPod
from sternway_steps.saga.plan import Plan, PlannedStep
from sternway_steps.saga.retry import RETRIED
from sternway_steps.step import Action

from ..kubernetes.build_pod import PodParts, pod_parts
from ..kubernetes.config_maps import CONFIG
from ..kubernetes.images import image_of
from ..kubernetes.journal_key import key_parts
from ..kubernetes.pod import REPORT, RESTRICTED, SPARE, UNATTENDED, namespace_env
from .metrics import OUTCOME, UNKNOWN
from .models import new
from .on_end import reporter

_PLACE = ("name", "namespace", "journal.namespace")
"""The keys that say where a run is recorded. Its other values are in its journal, which alone a handler reads."""
_CUT_OFF = (-1,)
"""What Argo takes for the exit code of a pod that was deleted or evicted."""
PERSISTENT = "another-round"
"""The input of a template that reports: whether the handler goes back once more when this round did not end."""
_CODE_FILE, _OUTCOME_FILE = "/tmp/code", "/tmp/outcome"  # noqa: S108  a volume of the pod's own


def _read(name: str, path: str, default: str, global_name: str | None = None) -> m.Parameter:
    source = new(m.ValueFrom, path=path, default=default)
    return new(m.Parameter, name=name, global_name=global_name, value_from=source)


ENDED = new(
    m.Outputs,
    parameters=[_read("code", _CODE_FILE, "none"), _read("outcome", _OUTCOME_FILE, UNKNOWN, OUTCOME)],
)
"""The outputs of a template that reports: the run's exit code, and how it ended, once it has."""
Parameters = Mapping[str, m.Parameter]
"""The Workflow's parameters by their path in the configuration."""


def base(config: Config, requests: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the fields that every container has, without its mounts; `requests` in place of the configured ones."""
    resources = config.argo.resources
    return {
        # Named, or Argo's controller would ask the registry what the image starts.
        "command": ["sternway"],
        "env": [
            new(m.EnvVar, name="HOME", value="/tmp"),  # noqa: S108  a volume of the pod's own
            *(m.EnvVar(**each) for each in (*namespace_env(config), *key_parts(config).env)),
        ],
        "resources": new(
            m.ResourceRequirements,
            requests=dict(resources.get("requests", {}) if requests is None else requests) or None,
            limits=dict(resources.get("limits", {})) or None,
        ),
        "security_context": m.SecurityContext(**{**RESTRICTED, **config.argo.security_context}),
    }


def defaults(config: Config) -> m.Template:
    """Return what every container template has: Argo merges templateDefaults into each of its kind."""
    mounts = [
        new(m.VolumeMount, name="config", mount_path="/config", read_only=True),
        new(m.VolumeMount, name="tmp", mount_path="/tmp"),  # noqa: S108  a volume of the pod's own
        *(m.VolumeMount(**each) for each in key_parts(config).mounts),
    ]
    return new(m.Template, container=new(m.Container, **base(config), volume_mounts=mounts))


def container_of(
    config: Config, step: PlannedStep, action: Action, parameters: Parameters, pod: StepPod | None = None
) -> m.Template:
    """Return the template of one action of one step in a pod of its own; `pod` is what is special about that.

    Transient failures are retried: those of an execution in its process, for Argo looks at the pendingTimeout of no pod
    that has a retryStrategy (4.1.2); one that was cut off is undone, as the orchestrator does with a run that was
    stopped. A rollback is retried by its pod, also when that was cut off, for it may run twice.
    """
    argo, pod = config.argo, pod or StepPod()
    words, strategy = list[str](), None
    if action is Action.EXECUTE:
        words = in_process(config, step.retries)
        deadline = _all_tries(config, step) or config.deadline
    else:
        strategy = retries(config, argo.rollback_retries, (*RETRIED[action], *_CUT_OFF))
        deadline = argo.rollback_deadline
    more = pod_parts(config, [step], [action])
    asked: Mapping[str, Any] = pod.resources
    own = {"resources": m.ResourceRequirements(**asked)} if asked else {}
    return new(
        m.Template,
        name=f"{action.value}-{step.name}",
        container=new(m.Container, **step_container(config, step, action, parameters, more, words), **own),
        volumes=[m.Volume(**volume) for volume in more.volumes] or None,
        retry_strategy=strategy,
        active_deadline_seconds=math.ceil(deadline) + SPARE if deadline else None,
        service_account_name=pod.service_account,
        node_selector=dict(pod.node_selector) or None,
        tolerations=[m.Toleration(**each) for each in pod.tolerations] or None,
        pod_spec_patch=json.dumps({"hostNetwork": True}) if pod.host_network else None,
    )


def report(config: Config, plan: Plan, parameters: Parameters) -> m.Template:
    """Return the template that ends the run and reports how, in a pod of its own; its exit code is the run's."""
    argo = config.argo
    return new(
        m.Template,
        name=REPORT,
        inputs=new(m.Inputs, parameters=[new(m.Parameter, name=PERSISTENT, value="false")]),
        container=new(m.Container, **report_container(config, plan, parameters)),
        outputs=ENDED,
        retry_strategy=retries(config, argo.rollback_retries, _CUT_OFF),
        active_deadline_seconds=math.ceil(argo.rollback_deadline + plan.seconds_at_end),
    )


def step_container(
    config: Config,
    step: PlannedStep,
    action: Action,
    parameters: Parameters,
    more: PodParts,
    words: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the fields of a container that runs an action of a step; `words` are further arguments."""
    given = parameters if action is Action.EXECUTE else of_place(parameters)
    return _main(config, step.spec.name, ["step", step.name, action.value], given, more, words)


def report_container(config: Config, plan: Plan, parameters: Parameters) -> dict[str, Any]:
    """Return the fields of the container that ends the run."""
    again = ["--another-round", f"{{{{inputs.parameters.{PERSISTENT}}}}}", "--code-file", _CODE_FILE]
    words = ["report", "--status", "{{workflow.status}}", *again, "--outcome-file", _OUTCOME_FILE]
    container = _main(config, reporter(config, plan), words, of_place(parameters), PodParts())
    failures = new(m.EnvVar, name="STERNWAY_FAILURES", value="{{workflow.failures}}")
    return {**container, "env": [failures, *(container["env"] or [])]}


def of_place(parameters: Mapping[str, m.Parameter]) -> dict[str, m.Parameter]:
    """Return the parameters that a handler's containers are given: `argo retry -p` drops the defaults of all others."""
    return {path: parameter for path, parameter in parameters.items() if path in _PLACE}


def _main(
    config: Config, step: str, words: Sequence[str], parameters: Parameters, more: PodParts, further: Sequence[str] = ()
) -> dict[str, Any]:
    settings = [
        word for path, p in parameters.items() for word in ("--set", f"{path}={{{{workflow.parameters.{p.name}}}}}")
    ]
    run = ["--run", "{{workflow.uid}}", "--workflow", "{{workflow.name}}"]
    return {
        "image": image_of(config, step),
        "args": [*words, *run, "--config", f"/config/{CONFIG}", *further, *settings],
        "env": [*_scheduled(config), *(m.EnvVar(**each) for each in more.env)] or None,
        "volume_mounts": [m.VolumeMount(**each) for each in more.mounts] or None,
    }


def _scheduled(config: Config) -> list[m.EnvVar]:
    """Return the variable that tells a schedule's run from one that a person submitted."""
    value = f"{{{{workflow.parameters.{UNATTENDED}}}}}"
    return [new(m.EnvVar, name="STERNWAY_UNATTENDED", value=value)] if config.schedule is not None else []


def in_process(config: Config, limit: int) -> list[str]:
    """Return the words that let a step's process try again itself."""
    wait = config.argo.backoff
    return ["--retries", str(limit), "--backoff", f"{wait.first:g}s..{wait.most:g}s"]


def _all_tries(config: Config, step: PlannedStep) -> float | None:
    """Return the seconds that all tries of a step may take together, if each has a deadline."""
    waits = sum(config.argo.backoff.delay(number) for number in range(1, step.retries + 1))
    return step.deadline * (step.retries + 1) + waits if step.deadline else None


def retries(config: Config, limit: int, codes: Collection[int]) -> m.RetryStrategy | None:
    """Return the strategy that makes a pod anew after one of these exit codes of its container `main`.

    What was killed (137) is not among them: the handler's second round tries it once more, also after a stop, and what
    takes more memory than it may does so again and again.
    """
    if not limit:
        return None
    wait = config.argo.backoff
    return new(
        m.RetryStrategy,
        limit=str(limit),
        retry_policy="Always",
        expression=f"asInt(lastRetry.exitCode) in [{', '.join(str(int(code)) for code in codes)}]",
        backoff=new(m.Backoff, duration=f"{wait.first:g}s", factor="2", cap=f"{wait.most:g}s"),
    )
