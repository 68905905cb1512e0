"""The form of sternway.yaml: every key, and how its value is read. Steps contribute readers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Group, Key, Many, Raw, Section, Short
from .argo_keys import ARGO, PARAMETERS, SCHEDULE
from .chart import CHART
from .ci import CI
from .declared import DECLARED
from .object_sources import is_url
from .option_reader import OptionReader, PathOr, With
from .schema import ON, ON_INTERRUPT, Config, JournalConfig, KeySource, StepConfig
from .simple_keys import SIMPLE
from .step_pod import STEP_POD

_A_FILE = {"type": "string", "pattern": r"^(?![\s\S]*://)[\s\S]"}


@s.reads("a path, or a list of paths", {"anyOf": [_A_FILE, {"type": "array", "items": _A_FILE, "minItems": 1}]})
def _extends(_node: Node) -> str:
    raise s.InvalidValue("only a file can extend others", "this key in a configuration file")


@s.reads("the name of a step", s.dns_label.schema)
def _named(node: Node) -> StepConfig:
    if isinstance(node.value, list):
        raise s.InvalidValue(
            "a group holds steps, and no other groups", "a step", "write its steps into the group itself"
        )
    return StepConfig(s.dns_label(node), node.value)


_JOURNAL_KEY = Section(
    {
        "file": Key(s.path, "A file that holds it, which others may not read: `openssl rand -base64 32`."),
        "secret": Key(s.dns_name, "Or a Secret in `namespace`; pods that Sternway generates mount it."),
        "key": Key(s.secret_key, "The key of that Secret."),
    },
    KeySource,
)
_JOURNAL = Section(
    {
        "store": Key(
            s.one_of("cluster", "file"), "`cluster` keeps it as Secrets, `file` in a folder.", JournalConfig.store
        ),
        "namespace": Key(s.dns_label, "The namespace of the Secrets; by default `namespace`."),
        "path": Key(s.path, "The folder, for `file`; by default one in the user's state folder."),
        "key": Key(
            _JOURNAL_KEY,
            "What encrypts the journal (AES-256-GCM; the extra `encryption`); by default it is in the clear. Of "
            "several keys, each in a line of its own, the first one writes and all read.",
            examples=({"file": "journal.key"}, {"secret": "sternway-journal", "key": "keys"}),
        ),
    },
    JournalConfig,
)
_KEYS: dict[str, Any] = {
    "name": Key(s.dns_label, "What is deployed. Runs of one name and namespace are runs of one target."),
    "namespace": Key(s.dns_label, "The namespace; by default that of the kubeconfig's context."),
    "extends": Key(  # of a file it is taken out when the file is read
        _extends, "Files that this one is laid over, the last on top.", examples=("../sternway.yaml",)
    ),
    **SIMPLE,
    "manifests": Key(
        Many(PathOr(s.string, "a path, a glob, a URL with a digest, or -", s.string.schema, is_url)),
        "Files, folders and globs with any objects, instead of `image` or besides; `-` is standard input, and "
        "`URL@sha256:DIGEST` what a server has.",
        examples=(["manifests/", "extra/*.yaml"],),
    ),
    "chart": Key(
        CHART,
        "A Helm chart, which `helm template` renders; its hooks are as `hooks` says.",
        examples=({"path": "charts/web", "values": ["values.yaml"]},),
    ),
    "kustomize": Key(
        s.path,
        "The folder of a kustomization, which `kubectl kustomize` or `kustomize build` builds.",
        examples=("overlays/production",),
    ),
    "hooks": Key(
        s.one_of("ignore", "run"),
        "What becomes of Helm's hooks among the manifests. Without this key, a run with hooks is refused.",
    ),
    "declared": Key(DECLARED, "What steps of other packages say of themselves, as `sternway steps --declared` prints."),
    "journal": Key(_JOURNAL, "Where the journal is kept that an undo needs."),
    "deadline": Key(s.duration, "How long the whole way forward may take.", Config.deadline),
    "rollbackDeadline": Key(
        s.duration,
        "How long the undo of one step may take. What hangs is ended, named (exit code 5), and gone on with by the "
        "next undo.",
        Config.rollback_deadline,
    ),
    "history": Key(s.whole(1, 1000), "How many runs that have ended are kept in the journal.", Config.history),
    "waitLock": Key(
        s.duration,
        "How long another run of the target that is at work is waited for. Without this key the run ends with exit "
        "code 75.",
        examples=("5m",),
    ),
    "onInterrupt": Key(
        s.one_of(*ON_INTERRUPT),
        "What the next run, or a sweep, does with a run whose process is gone: undoes it, goes on with it, or leaves "
        "it to a person.",
        Config.on_interrupt,
    ),
    "argo": Key(ARGO, "How the pipeline runs on Argo Workflows."),
    "ci": Key(CI, "What the files for GitHub and GitLab say of the place that is deployed to."),
    "schedule": Key(SCHEDULE, "When runs start by themselves.", examples=("30 2 * * *",)),
    "parameters": Key(
        PARAMETERS,
        "Keys of this file that can be changed when a run is submitted; `image` and `replicas` always can.",
        examples=({"env.LEVEL": {"description": "How much it tells.", "enum": ["info", "debug"]}},),
    ),
}


def form_of(readers: Sequence[OptionReader]) -> Section:
    """Return the form of a whole file, with the sections and keys of the steps."""
    steps = Key(
        Many(Group(_step_of(readers))),
        "The steps, in their order; a list within is a group, whose steps run side by side.",
        ["validate", "deploy", "verify"],
        (["validate", "deploy", {"name": "smoke", "uses": "verify", "retries": 0}],),
    )
    sections = {reader.step: Key(reader.section, reader.about) for reader in readers if reader.section is not None}
    return Section({**_KEYS, "steps": steps, **sections}, required=("name",))


def _step_of(readers: Sequence[OptionReader]) -> Short:
    own = {key: kind for reader in readers for key, kind in reader.own.items()}
    options = With(s.string, Raw(), {reader.step: reader.options for reader in readers if reader.options})
    keys = {
        "name": Key(s.dns_label, "The step's name, once in a file."),
        "uses": Key(s.dns_label, "The step that this is, such as deploy; by default that of its name."),
        "retries": Key(s.whole(0, 100), "How often it is tried again after exit code 75.", StepConfig.retries),
        "deadline": Key(s.duration, "How long one attempt may take; by default the run's."),
        "rollbackDeadline": Key(s.duration, "How long its undo may take; by default the file's."),
        "on": Key(s.one_of(*ON), "It runs when all is over, after such an end: it undoes nothing, and changes no end."),
        "pod": Key(STEP_POD, "What it has a pod of its own for on Argo; `own` is just that."),
        "with": Key(options, "What the step itself is told.", examples=({"selector": "app=web"},)),
        **own,
    }

    def made(**found: Any) -> StepConfig:
        if "with" in found:
            found["options"] = found.pop("with")
        if "rollbackDeadline" in found:
            found["rollback_deadline"] = found.pop("rollbackDeadline")
        maker = next((reader.make for reader in readers if reader.make and reader.own.keys() & found.keys()), None)
        return maker(found) if maker else StepConfig(**{"uses": found["name"], **found})

    return Short(_named, Section(keys, made, required=("name",)))
