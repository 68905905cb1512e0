"""The configuration, typed. All durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..spec import StepSpec
from .argo import ArgoConfig, Parameter, Schedule
from .build import BuildConfig, safe
from .ci import CiConfig
from .declared import spec_of
from .manifest import Manifest
from .rules import KindRule, rules_from
from .step_pod import StepPod


@dataclass(frozen=True)
class Grace:
    """How long trouble that may pass by itself is waited out before it counts as a failure; see `rollout.diagnose`."""

    pull: float = 20.0
    """An image pull back-off without a lasting reason, or a registry that does not answer."""
    config: float = 60.0
    """A Secret or ConfigMap that does not exist, and that nothing known is to create."""
    create: float = 5.0
    """Pods that the API server rejects: quota, security policy, a missing service account."""
    unschedulable: float = 30.0
    """A pod that fits on no node, while no autoscaler says that it is adding one."""
    mount: float = 60.0
    """A volume that can't be attached or mounted, a claim that can't be provisioned."""
    condition: float = 30.0
    """A condition of a custom resource that reports a fault."""
    restarts: int = 2
    """The number of ends with an error that counts as a crash loop."""


@dataclass(frozen=True)
class HttpCheck:
    """One request through a Service, and the expected answer."""

    service: str
    port: str
    path: str = "/"
    namespace: str | None = None
    scheme: str = "http"
    status: int = 200
    contains: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retries: int = 5
    interval: float = 1.0
    timeout: float = 5.0


@dataclass(frozen=True)
class DeployConfig:
    """How objects are applied, and what an undo does with fields that somebody else changed since."""

    force_conflicts: bool = False
    on_conflict: str = "stop"
    restart_stale: bool = False
    """Containers that still run with the failed version's settings are restarted, not only reported."""
    recreate: bool = False
    """The undo makes immutable objects anew also where others depend on them, or they would run again."""
    prune: bool = False
    """What the target deployed before and no longer names is removed at the end of a run."""
    prune_kinds: tuple[str, ...] = ()
    """Kinds, KIND or KIND.GROUP, that are removed only where it is asked for."""


@dataclass(frozen=True)
class VerifyConfig:
    """The deadline of a rollout, the graces, and the HTTP checks."""

    deadline: float = 300.0
    grace: Grace = field(default_factory=Grace)
    http: tuple[HttpCheck, ...] = ()
    rules: tuple[KindRule, ...] = ()


@dataclass(frozen=True)
class KeySource:
    """Where the keys that encrypt the journal are: in a file, or in the field `key` of a Secret of the target's."""

    file: str | None = None
    secret: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class JournalConfig:
    """Where the journal is kept: `cluster` (Secrets) or `file`; in the clear without a key."""

    store: str = "cluster"
    namespace: str | None = None
    path: str | None = None
    key: KeySource | None = None


@dataclass(frozen=True)
class StepConfig:
    """A step of the pipeline. `deadline` is for one attempt; None leaves it to the run's.

    `rollback_deadline` is for its undo, all attempts of one process together; None leaves it to the config's.

    `effects` (none, reversible, irreversible) is what the config knows of a step that does not know it itself.
    """

    name: str
    uses: str
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 2
    deadline: float | None = None
    rollback_deadline: float | None = None
    effects: str | None = None
    on: str = ""
    """At which end of the run it runs, after everything else: a word of ON; "" for a step of the run itself."""
    pod: StepPod | None = None
    """What it needs a pod of its own for on Argo; None lets it share one."""
    place: str = field(default="", compare=False)
    """The location of the step, FILE:LINE:COLUMN, or "" when no file names it."""


ON = ("failure", "success", "always")
"""It runs when the run has succeeded; or has not, or was undone since; or in any case."""
ON_CONFLICT = ("stop", "merge", "force")
"""What the undo may do with a field of ours that somebody else changed since."""
ON_INTERRUPT = ("rollback", "resume", "report")
"""It is undone; or gone on with, once, if nothing moved; or left to a person, and the next run is refused till then."""
DEFAULT_STEPS = tuple(StepConfig(name, name) for name in ("validate", "deploy", "verify"))


# How a run is started is no part of what its undo needs.
NOT_UNDONE = ("argo", "ci", "schedule", "parameters")
_NOT_KEPT = (*NOT_UNDONE, "left_out", "whole")


@dataclass(frozen=True)
class Config:
    """All that a run needs to know.

    A program may put into `manifests` whatever `as_manifests` accepts, and pass it to a session.
    """

    name: str
    namespace: str | None = None
    manifests: tuple[Manifest, ...] = ()
    hooks: tuple[Manifest, ...] = ()
    """Helm's hooks that run as steps, and are not deployed."""
    left_out: tuple[Manifest, ...] = ()
    """Helm's hooks that no step runs."""
    steps: tuple[StepConfig | tuple[StepConfig, ...], ...] = DEFAULT_STEPS
    """In their order; the steps of a tuple run in parallel."""
    on_end: tuple[StepConfig, ...] = ()
    """The steps with `on`, in their order: they run one by one when the run has ended, and change nothing of that."""
    declared: Mapping[str, StepSpec] = field(default_factory=dict)
    """The specs of steps of other packages, for where these are not installed."""
    build: BuildConfig | None = None
    """None when no step builds."""
    deploy: DeployConfig = field(default_factory=DeployConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    journal: JournalConfig = field(default_factory=JournalConfig)
    deadline: float | None = 900.0
    rollback_deadline: float = 900.0
    """How long the undo of one step may take."""
    history: int = 10
    wait_lock: float = 0.0
    """How long another run of the target that is at work is waited for."""
    on_interrupt: str = "rollback"
    """What becomes of a run whose process is gone, by the next run and by a sweep: a word of ON_INTERRUPT."""
    argo: ArgoConfig = field(default_factory=ArgoConfig)
    ci: CiConfig = CiConfig()
    schedule: Schedule | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    whole: bool = True
    """False: it was read for its target alone, and `manifests` lacks what is read from elsewhere."""

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON data for the journal, without what concerns Argo alone."""
        data = {key: value for key, value in asdict(self).items() if key not in _NOT_KEPT}
        if data["build"] is not None:
            data["build"] = safe(data["build"])
        return {**data, "steps": tuple(_safe(item) for item in data["steps"])}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Config:
        """Return the configuration of to_dict's data; keys that a newer Sternway wrote are ignored."""
        verify = _known_keys(VerifyConfig, data["verify"])
        verify["grace"] = Grace(**_known_keys(Grace, verify["grace"]))
        verify["http"] = tuple(HttpCheck(**_known_keys(HttpCheck, check)) for check in verify["http"])
        verify["rules"] = rules_from(verify)
        return Config(
            **{
                **_known_keys(Config, data),
                "manifests": tuple(Manifest(**manifest) for manifest in data["manifests"]),
                "hooks": tuple(Manifest(**manifest) for manifest in data.get("hooks", ())),
                "steps": tuple(_steps(item) for item in data["steps"]),
                "on_end": tuple(StepConfig(**_known_keys(StepConfig, step)) for step in data.get("on_end", ())),
                "declared": {name: spec_of(spec) for name, spec in data.get("declared", {}).items()},
                "build": BuildConfig(**_known_keys(BuildConfig, data["build"])) if data.get("build") else None,
                "deploy": _deploy(data["deploy"]),
                "verify": VerifyConfig(**verify),
                "journal": _journal(data["journal"]),
            }
        )


def _safe(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return tuple(_safe(step) for step in item)
    item = {key: value for key, value in item.items() if key != "pod"}  # as all that concerns Argo alone
    return {**item, "options": safe(item["options"])} if item["uses"] == "build" else item


def _deploy(data: Mapping[str, Any]) -> DeployConfig:
    keys = _known_keys(DeployConfig, data)
    return DeployConfig(**{**keys, "prune_kinds": tuple(keys.get("prune_kinds", ()))})


def _journal(data: Mapping[str, Any]) -> JournalConfig:
    keys = _known_keys(JournalConfig, data)
    return JournalConfig(
        **{**keys, "key": KeySource(**_known_keys(KeySource, keys["key"])) if keys.get("key") else None}
    )


def _steps(item: Any) -> StepConfig | tuple[StepConfig, ...]:
    if isinstance(item, Mapping):
        return StepConfig(**_known_keys(StepConfig, item))
    return tuple(StepConfig(**_known_keys(StepConfig, step)) for step in item)


def _known_keys(kind: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key in kind.__dataclass_fields__}
