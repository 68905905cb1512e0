"""Builds a kustomization by the user's own kubectl or kustomize."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..config.object_sources import Text, Unavailable
from ..existing import is_dir
from .paths import argument
from .program import printed
from .secret_values import in_kustomization

_HELM = "must specify --enable-helm"


def build(folder: str, base: Path) -> Text:
    """Return what `kubectl kustomize` prints, or `kustomize build` where that alone is there; raises Unavailable."""
    if "://" in folder:
        message, hint = "a kustomization from elsewhere may change", "clone it at a commit, and name the folder"
        raise Unavailable(message, f'{hint}; or manifests: ["-"], and pipe in what it builds')
    where = base / folder
    if not is_dir(where):
        raise Unavailable(f"there is no folder {where}", "name the folder of a kustomization")
    if shutil.which("kubectl") is None and shutil.which("kustomize") is None:
        raise Unavailable("neither kubectl nor kustomize is on PATH", "install one of them, or correct PATH")
    program = ["kustomize", "build"] if shutil.which("kubectl") is None else ["kubectl", "kustomize"]
    command = [*program, argument(where)]
    called = " ".join(command)
    return Text(printed(command, called, secrets=lambda: in_kustomization(where), hint=_hint), called)


def _hint(said: str) -> str:
    """Return what helps against an error; charts in a kustomization are rendered when somebody says so (helmCharts)."""
    if _HELM not in said:
        return ""
    return 'deploy it by the key chart; or manifests: ["-"], and pipe in what kustomize build --enable-helm prints'
