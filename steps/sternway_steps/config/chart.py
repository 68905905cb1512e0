"""The key `chart`: a Helm chart whose objects are deployed, rendered by the user's own `helm template`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..yamltree import scalars as s
from ..yamltree.document import Node
from ..yamltree.reader import Key, Many, Raw, Reader, Section, Table
from .others_words import OF_CHART

_REPOSITORY = re.compile(r"(?:https?|oci)://[^\s@]+|[A-Za-z0-9][-_.A-Za-z0-9]*")
OCI = "oci://"
_OCI_KEYS = ("digest", "insecure")
_NAME = re.compile(r"[A-Za-z0-9][-_./A-Za-z0-9]*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NO_OPTION = re.compile(r"[^-\s]\S*(?: \S+)*")


@dataclass(frozen=True)
class ChartConfig:
    """A chart: in a folder or an archive (`path`), or `name` in `repo`; with what its values are, the last on top."""

    path: str | None = None
    repo: str | None = None
    name: str | None = None
    version: str | None = None
    digest: str | None = None
    """What it must be in an OCI registry, whatever the version names there."""
    insecure: bool | None = None
    """Whether an OCI registry speaks plain HTTP; None: one on this machine does."""
    values: tuple[str, ...] = ()
    """Files, in their order."""
    set: Mapping[str, Any] = field(default_factory=dict)
    """Values laid over those of the files."""
    release: str | None = None
    """What the chart takes for the release's name; None for the name of the configuration."""
    kube_version: str | None = None
    api_versions: tuple[str, ...] = ()
    """What the chart is told that the cluster serves, beside Kubernetes' own."""


def _chart(**found: Any) -> ChartConfig:
    names = {"kubeVersion": "kube_version", "apiVersions": "api_versions"}
    lists: dict[str, Any] = {key: tuple(value) for key, value in found.items() if isinstance(value, list)}
    return ChartConfig(**{names.get(key, key): value for key, value in {**found, **lists}.items()})


CHART = Section(
    {
        "path": Key(s.path, "The chart's folder or archive.", examples=("charts/web",)),
        "repo": Key(
            s.matching(_REPOSITORY, "a repository's URL without a password, or its name for `helm repo`", 4096),
            "Or the repository that has it: https://, oci://, or what `helm repo add` calls it.",
            examples=("https://charts.example.com", "oci://registry.example/charts"),
        ),
        "name": Key(s.matching(_NAME, "a chart's name"), "The chart's name in `repo`."),
        "version": Key(
            s.matching(_NO_OPTION, "a version, such as 1.2.3"), "Its version in `repo`.", examples=("1.2.3",)
        ),
        "digest": Key(
            s.matching(_DIGEST, "sha256:…, which `helm push` and `helm pull` print"),
            "Its digest in an OCI registry: it decides, whatever `version` names there meanwhile.",
        ),
        "insecure": Key(s.boolean, "The OCI registry speaks plain HTTP; one on this machine does by default."),
        "values": Key(
            Many(s.path, "files are named here; single values go into `set`"),
            "Files with values, the last on top.",
            examples=(["values.yaml", "prod.yaml"],),
        ),
        "set": Key(
            Table(s.string, Raw()),
            "Values on top of those of the files, nested as there; Helm reads them from its standard input.",
            examples=({"image": {"tag": "1.4.2"}},),
        ),
        "release": Key(s.dns_name, "The release's name that the chart is told; by default `name` of the file."),
        "kubeVersion": Key(
            s.matching(_NO_OPTION, "a version of Kubernetes"), "The version of Kubernetes that the chart is told."
        ),
        "apiVersions": Key(
            Many(s.matching(_NO_OPTION, "an API version")),
            "What the chart is told that the cluster serves, beside Kubernetes' own.",
            examples=(["monitoring.coreos.com/v1/ServiceMonitor"],),
        ),
    },
    _chart,
    instead=OF_CHART,
    alone="path",
)


def check_chart(keys: Mapping[str, Any], root: Node, reader: Reader) -> None:
    """Report what no key of `chart` shows by itself."""
    if not isinstance(chart := keys.get("chart"), ChartConfig):
        return
    entry = root.value["chart"]
    of: dict[str, Any] = entry.node.value
    if (chart.path is None) == (chart.repo is None):
        said = "this says not where the chart is" if chart.path is None else "this says two places where the chart is"
        reader.report(entry.location, "chart", said, "path: FOLDER, or repo: URL with name and version")
    elif chart.repo is not None:
        for key in ("name", "version"):
            if key not in of:
                location, removed = entry.node.location_of_missing(key)
                reader.report(location, f"chart.{key}", "a chart of a repository needs this key", hint=removed)
        if not chart.repo.startswith(OCI):
            _leave_out(of, _OCI_KEYS, f"this belongs to a chart of an OCI registry, {OCI}", reader)
    else:
        message = "this belongs to a chart of a repository; one at a path says it in its Chart.yaml"
        _leave_out(of, ("name", "version"), message, reader)
        _leave_out(of, _OCI_KEYS, "this belongs to a chart of a repository", reader)
    if "namespace" not in keys:
        location, removed = root.location_of_missing("namespace")
        hint = removed or "namespace: NAME, or --set namespace=NAME"
        reader.report(
            location, "namespace", "a chart writes its namespace into its objects, so it needs one", hint=hint
        )
    for key in chart.set:
        if "." in key:
            message = "a key of values has no dot; Helm would ignore this one"
            reader.report(of["set"].node.value[key].location, f"chart.set.{key}", message, hint=f"write {_nested(key)}")


def _leave_out(of: Mapping[str, Any], keys: Sequence[str], message: str, reader: Reader) -> None:
    for key in keys:
        if key in of:
            reader.report(of[key].location, f"chart.{key}", message, hint="leave it out")


def _nested(key: str) -> str:
    first, *rest = key.split(".")
    return f"{first}: " + "".join(f"{{{part}: " for part in rest) + "…" + "}" * len(rest)
