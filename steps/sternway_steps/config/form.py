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
from .others_words import OF_FILE, OF_STEP
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
            "What encrypts the journal (AES-256-GCM; the extra `encryption`); by default it is not encrypted. There "
            "may be several keys, one a line: the first one encrypts, all decrypt.",
            examples=({"file": "journal.key"}, {"secret": "sternway-journal", "key": "keys"}),
        ),
    },
    JournalConfig,
)
_KEYS: dict[str, Any] = {
    "name": Key(s.dns_label, "What is deployed. Runs of one name and namespace are runs of one target."),
    "namespace": Key(s.dns_label, "The namespace; by default that of the kubeconfig's context."),
    "extends": Key(  # of a file it is taken out when the file is read
        _extends,
        "Files with the settings that this file adds to or replaces; the last one wins.",
        examples=("../sternway.yaml",),
    ),
    **SIMPLE,
    "manifests": Key(
        Many(PathOr(s.string, "a path, a glob, a URL with a digest, or -", s.string.schema, is_url)),
        "Files, folders and globs with any objects, instead of `image` or besides it; `-` is standard input, "
        "`URL@sha256:DIGEST` a file on a server.",
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
        "What to do with Helm's hooks among the manifests. Without this key, a run with hooks is refused.",
    ),
    "declared": Key(DECLARED, "The specs of steps of other packages, as `sternway steps --declared` prints them."),
    "journal": Key(_JOURNAL, "Where the journal is, which an undo needs."),
    "deadline": Key(s.duration, "How long all steps together may take, without the undo.", Config.deadline),
    "rollbackDeadline": Key(
        s.duration,
        "How long the undo of one step may take. If it takes longer it is ended and named (exit code 5), and the next "
        "undo goes on with it.",
        Config.rollback_deadline,
    ),
    "history": Key(s.whole(1, 1000), "How many runs that have ended are kept in the journal.", Config.history),
    "waitLock": Key(
        s.duration,
        "How long a run waits for another run of the target. Without this key it does not wait, and ends with exit "
        "code 75.",
        examples=("5m",),
    ),
    "onInterrupt": Key(
        s.one_of(*ON_INTERRUPT),
        "What the next run, or the sweeper, does with a run whose process died: undoes it, goes on with it, or leaves "
        "it to a person.",
        Config.on_interrupt,
    ),
    "argo": Key(ARGO, "How the pipeline runs on Argo Workflows."),
    "ci": Key(CI, "What the files for GitHub and GitLab need to know about the cluster."),
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
        "The steps, in their order; a list in it is a group, whose steps run at the same time.",
        ["validate", "deploy", "verify"],
        (["validate", "deploy", {"name": "smoke", "uses": "verify", "retries": 0}],),
    )
    sections = {reader.step: Key(reader.section, reader.about) for reader in readers if reader.section is not None}
    return Section({**_KEYS, "steps": steps, **sections}, required=("name",), instead=OF_FILE)


def _step_of(readers: Sequence[OptionReader]) -> Short:
    own = {key: kind for reader in readers for key, kind in reader.own.items()}
    options = With(s.string, Raw(), {reader.step: reader.options for reader in readers if reader.options})
    keys = {
        "name": Key(s.dns_label, "The step's name. Each name may occur once in a file."),
        "uses": Key(s.dns_label, "Which step to run, such as deploy; by default the one called `name`."),
        "retries": Key(s.whole(0, 100), "How often it is tried again after exit code 75.", StepConfig.retries),
        "deadline": Key(s.duration, "How long one attempt may take; by default the run's."),
        "rollbackDeadline": Key(s.duration, "How long its undo may take; by default the file's."),
        "on": Key(
            s.one_of(*ON),
            "The step runs after all others, when the run ended in this way. It changes neither the result nor the "
            "exit code.",
        ),
        "pod": Key(STEP_POD, "Settings of a pod of its own on Argo; `own` gives it one with the usual settings."),
        "with": Key(options, "The step's own options.", examples=({"selector": "app=web"},)),
        **own,
    }

    def made(**found: Any) -> StepConfig:
        if "with" in found:
            found["options"] = found.pop("with")
        if "rollbackDeadline" in found:
            found["rollback_deadline"] = found.pop("rollbackDeadline")
        maker = next((reader.make for reader in readers if reader.make and reader.own.keys() & found.keys()), None)
        return maker(found) if maker else StepConfig(**{"uses": found["name"], **found})

    return Short(_named, Section(keys, made, required=("name",), instead=OF_STEP))
