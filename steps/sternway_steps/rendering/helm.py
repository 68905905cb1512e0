"""Renders a chart by the user's own Helm: its version, its repositories, its logins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from ..config.chart import OCI, ChartConfig
from ..config.object_sources import Text, Unavailable
from ..existing import exists
from ..objects.image_name import is_on_this_machine
from .paths import argument
from .program import printed
from .secret_values import in_values, of_file

_NO_REPOSITORY = re.compile(r"\brepo (\S+) not found")
_NO_LOGIN = re.compile(r"status code 40[13]\b|credential not found|unauthorized|access denied", re.IGNORECASE)
_NO_TLS = re.compile("server gave HTTP response to HTTPS client|first record does not look like a TLS handshake")
_PULLED, _FIRST = "Pulled: ", re.compile(r"^---$", re.MULTILINE)


def template(chart: ChartConfig, release: str, namespace: str, base: Path) -> Text:
    """Return what `helm template` prints, definitions (CRDs) too; raises Unavailable."""
    _require_files(chart, base)
    where, options = _chart(chart, base)
    # Helm takes a folder of that name, where it runs, for the chart, whatever repository is named (LocateChart).
    elsewhere = chart.path is None and exists(where)
    files = [(base / name).absolute() if elsewhere else base / name for name in chart.values]
    command = ["helm", "template", release, where, *options, "--namespace", namespace, "--include-crds"]
    command += [word for path in files for word in ("--values", _item(argument(path)))]
    command += ["--kube-version", chart.kube_version] if chart.kube_version else []
    command += [word for version in chart.api_versions for word in ("--api-versions", version)]
    # What is given as --set stands in the list of processes, for all to read.
    command += ["--values", "-"] if chart.set else []
    called = f"helm template {release} {where}"

    def secrets() -> Iterator[str]:
        yield from filter(None, [(chart.repo or "").partition("?")[2]])  # a token, say
        own = [base / chart.path / "values.yaml"] if chart.path else []
        for text in in_values([*own, *files], chart.set):
            if text not in " ".join(command):
                yield text

    given = json.dumps(chart.set, default=str).encode() if chart.set else b""
    with TemporaryDirectory() if elsewhere else nullcontext() as folder:
        text = printed(
            command, called, given=given, folder=folder, secrets=secrets, hint=lambda said: _hint(said, where)
        )
    return Text(_objects(text), called)


def _hint(said: str, where: str) -> str:
    """Return what helps against an error; `where` is the chart, as Helm was told."""
    if "dependency build" in said:
        return f"helm dependency build {where}"
    if unknown := _NO_REPOSITORY.search(said):
        return f"helm repo add {unknown[1]} URL"
    if where.startswith(OCI):
        if _NO_TLS.search(said):
            return "chart.insecure: true, if the registry has no TLS"
        if _NO_LOGIN.search(said):
            return f"helm registry login {_host(where)}"
    return ""


def _objects(text: str) -> str:
    """Return what was rendered: of a chart that it pulls Helm 4 first writes where from, and its digest."""
    if not text.startswith(_PULLED):
        return text
    first = _FIRST.search(text)
    return text[first.start() :] if first else ""


def _require_files(chart: ChartConfig, base: Path) -> None:
    if chart.path is not None and not exists(base / chart.path):
        raise Unavailable(f"there is no {base / chart.path}", "name the chart's folder or archive", "path")
    for number, name in enumerate(chart.values):
        of_file(base / name, within=f"values[{number}]")


def _chart(chart: ChartConfig, base: Path) -> tuple[str, list[str]]:
    """Return what Helm is to render, and the options that go with it."""
    if chart.path is not None:
        return argument(base / chart.path), []
    name, repo, version = chart.name or "", (chart.repo or "").rstrip("/"), ["--version", chart.version or ""]
    if repo.startswith(("http://", "https://")):
        return name, ["--repo", repo, *version]
    if not repo.startswith(OCI):
        return f"{repo}/{name}", version
    where = f"{repo}/{name}"
    plain = is_on_this_machine(_host(where)) if chart.insecure is None else chart.insecure
    return (f"{where}@{chart.digest}" if chart.digest else where), [*version, *(["--plain-http"] if plain else [])]


def _host(where: str) -> str:
    return where.removeprefix(OCI).partition("/")[0]


def _item(path: str) -> str:
    """Return a path as an item of a list: Helm reads --values as a line of comma-separated values."""
    return '"' + path.replace('"', '""') + '"' if set(path) & set(',"\n') else path
