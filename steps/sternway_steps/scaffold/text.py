"""The text of a first configuration, and what it says where nobody says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..objects.kinds import has_pods
from ..plain_text import is_seen
from .start import Dockerfile, Manifests, Rendered, Start

EXAMPLE_IMAGE, EXAMPLE_PORT = "docker.io/library/nginx:1.28", 80
CHARTS_NAMESPACE = "default"
"""A chart writes its namespace into its objects: where nobody names one, it is Helm's own default."""
_OTHER = re.compile(r"[^a-z0-9]+")
_NAME = 63


@dataclass(frozen=True)
class Answers:
    """What the configuration says that no file tells for sure; "" leaves it out."""

    name: str
    namespace: str = ""
    image: str = ""


@dataclass(frozen=True)
class Written:
    """A configuration: its text, what it deploys in words, and the commands that come next."""

    text: str
    deploys: str
    before: tuple[str, ...] = field(default=())
    """What has to be run before the first plan."""


def guess(start: Start) -> Answers:
    """Return what the files let one assume."""
    if isinstance(start.deploys, Rendered):
        return Answers(_label(start.deploys.name), CHARTS_NAMESPACE if start.deploys.is_chart else "")
    if start.deploys is None:
        return Answers(_label(start.folder), image="" if start.builds else EXAMPLE_IMAGE)
    objects = [manifest.obj for manifest in start.deploys.objects]
    workloads = [obj["metadata"]["name"] for obj in objects if _is_workload(obj)]
    places = {str(obj["metadata"].get("namespace") or "") for obj in objects} - {""}
    name = workloads[0] if len(workloads) == 1 else start.folder
    images = sorted(set(_images(objects)))
    image = images[0] if start.builds and len(images) == 1 and "@" not in images[0] else ""
    return Answers(_label(name), places.pop() if len(places) == 1 else "", image)


def write(start: Start, answers: Answers, schema: str = "") -> Written:
    """Return the configuration; `schema` is where its schema is."""
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += [f"name: {_scalar(answers.name)}"]
    lines += [f"namespace: {_scalar(answers.namespace)}"] if answers.namespace else []
    deploys = start.deploys
    before: tuple[str, ...] = ()
    if isinstance(deploys, Manifests):
        lines += _list("manifests", deploys.patterns)
        words = f"what is in {', '.join(deploys.patterns[:3])}{', …' if len(deploys.patterns) > 3 else ''}"
    elif isinstance(deploys, Rendered):
        folder = _scalar(deploys.folder)
        lines += ["chart:", f"  path: {folder}"] if deploys.is_chart else [f"kustomize: {folder}"]
        lines += ["hooks: run    # as Helm does; what a hook's Job did is not undone"] if deploys.hooks else []
        before, words = tuple(filter(None, (deploys.before,))), deploys.what
    else:
        port = start.builds.port if start.builds else EXAMPLE_PORT
        yours = "" if start.builds else "    # put yours here, and its port"
        lines += [f"image: {_scalar(answers.image)}{yours}"]
        lines += [f"port: {port}"] if port else ["# port: 8080    # with it come a Service and a readiness probe"]
        words = f"image {answers.image}"
    lines += _build(start.builds, answers.image, deployed=deploys is None) if start.builds else []
    return Written("\n".join([*lines, ""]), words, before)


def _build(found: Dockerfile, image: str, *, deployed: bool) -> Iterator[str]:
    """Yield the section `build`; as a comment where nobody knows which image of the manifests is built."""
    if not image:
        yield f"# {found.file} is not built: to build it, say which image of the manifests it makes:"
    sign = "" if image else "# "
    yield f"{sign}build:"
    if not deployed:
        yield f"{sign}  image: {_scalar(image) if image else 'registry.example/web:1'}"
    yield f"{sign}  context: {_scalar(found.context)}"
    if found.file != "Dockerfile":
        yield f"{sign}  dockerfile: {_scalar(found.file)}"


def _is_workload(obj: Mapping[str, Any]) -> bool:
    return obj["kind"] == "CronJob" or has_pods(obj["apiVersion"], obj["kind"])


def _images(objects: Sequence[dict[str, Any]]) -> Iterator[str]:
    for obj in objects:
        spec: Any = obj.get("spec")
        while isinstance(spec, dict):
            containers = spec.get("containers")
            for container in containers if isinstance(containers, list) else ():
                if isinstance(container, dict) and isinstance(container.get("image"), str):
                    yield container["image"]
            template = spec.get("template") or spec.get("jobTemplate")
            spec = template.get("spec") if isinstance(template, dict) else None


def _list(key: str, items: Sequence[str]) -> list[str]:
    return [f"{key}:", *(f"  - {_scalar(item)}" for item in items)]


def _scalar(text: str) -> str:
    import yaml

    return str(yaml.safe_dump(text, width=10_000, allow_unicode=is_seen(text))).removesuffix("\n").removesuffix("\n...")


def _label(text: str) -> str:
    return _OTHER.sub("-", text.lower())[:_NAME].strip("-") or "web"
