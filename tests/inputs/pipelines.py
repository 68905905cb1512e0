"""Argo YAML that is wrong, for `sternway lint`."""

from __future__ import annotations

import random

from . import bytes_and_lines, trees
from .case import Case, Command
from .corpus import data_of, pipelines
from .readers import of_pipelines


def make(rng: random.Random) -> Case:
    content = rng.choice(pipelines())
    if rng.random() < 0.5:
        content, what = bytes_and_lines.broken(rng, content)
    else:
        content, what = trees.broken_documents(rng, data_of(content))
    name = rng.choice(["-", "argo.yaml", "argo.yaml", "argo.json", "."])
    words = ["lint", name, *rng.choice([[], ["--output", "json"], ["--output", "github"], ["--strict"]])]
    files: dict[str, bytes | str] = {"argo.yaml" if name in ("-", ".") else name: content}
    return Case(
        "pipelines",
        what,
        files,
        [Command(words, stdin=content if name == "-" else b"")],
        (*files, "stdin"),
        of_pipelines(content),
    )
