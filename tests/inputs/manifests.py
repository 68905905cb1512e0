"""Manifests that are wrong, held to kubectl where there is one."""

from __future__ import annotations

import random

from . import bytes_and_lines, trees
from .case import Case, Command
from .corpus import data_of, manifests
from .readers import of_manifests

_CONFIG = b"name: web\nnamespace: default\nmanifests: ['%s']\nsteps: [deploy]\n"


def make(rng: random.Random, kubeconfig: str) -> Case:
    content = rng.choice(manifests())
    documents = data_of(content)
    if rng.random() < 0.5 or not documents:
        content, what = bytes_and_lines.broken(rng, content)
    else:
        content, what = trees.broken_documents(rng, documents)
    piped = rng.random() < 0.2
    name = "stdin" if piped else f"m.{rng.choice(['yaml', 'yaml', 'json', 'yml'])}"
    files: dict[str, bytes | str] = {"sternway.yaml": _CONFIG % (b"-" if piped else name.encode())}
    if not piped:
        files[name] = content
    words = ["plan", "-c", "sternway.yaml", "--kubeconfig", "{kubeconfig}", "--output", "json"]
    if rng.random() < 0.15:
        words = [
            *rng.choice(
                [["template", "-o", "-"], ["graph", "-o", "-"], ["template", "--for", "cronjob", "-o", "{out}"]]
            ),
            "-c",
            "sternway.yaml",
        ]
    oracle = of_manifests(content, kubeconfig) if words[0] == "plan" else lambda _: ""
    run = ["run", "-c", "sternway.yaml", "--kubeconfig", "{kubeconfig}"]
    commands = [Command(each, stdin=content if piped else b"", undoes=each is run) for each in (words, run)]
    return Case("manifests", what, files, commands[: rng.choice((1, 1, 1, 2))], (name, "sternway.yaml"), oracle)
