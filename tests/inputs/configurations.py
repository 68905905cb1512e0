"""Configurations that are wrong: each example's, broken, and what files that extend each other can do."""

from __future__ import annotations

import random

import yaml

from . import bytes_and_lines, trees
from .case import Case, Command
from .corpus import configurations, data_of
from .readers import decoded, of_configuration


def make(rng: random.Random) -> Case:
    name, files = rng.choice(configurations())
    if rng.random() < 0.08:
        return _chain(rng)
    if rng.random() < 0.45:
        content, what = bytes_and_lines.broken(rng, files[name])
    else:
        content, what = trees.broken_documents(rng, data_of(files[name]))
    return _case(rng, name, {**files, name: content}, what)


def _case(rng: random.Random, name: str, files: dict[str, bytes | str], what: str) -> Case:
    words = rng.choice([
        ["config", "show", "-c", name, "--output", "json"], ["config", "show", "-c", name], ["plan", "-c", name, "--kubeconfig", "{kubeconfig}"],
        ["plan", "-c", name, "--kubeconfig", "{kubeconfig}", "--output", rng.choice(["json", "github"])], ["template", "-c", name, "-o", "-"],
        ["template", "-c", name, "-o", "{out}"], ["template", "--for", "cronjob", "-c", name, "-o", "{out}"],
        ["template", "--for", rng.choice(["github", "gitlab"]), "-c", name, "-o", "-"], ["graph", "-c", name, "-o", "-"],
        ["status", "-c", name, "--kubeconfig", "{kubeconfig}"], ["submit", "-c", name, "--kubeconfig", "{kubeconfig}"],
    ])  # fmt: skip
    changing = [
        ["run", "-c", name, "--kubeconfig", "{kubeconfig}"], ["step", "deploy", "execute", "-c", name, "--kubeconfig", "{kubeconfig}"],
        ["rollback", "--config", name, "--kubeconfig", "{kubeconfig}"], ["sweep", "-c", name, "--kubeconfig", "{kubeconfig}"],
        ["report", "--run", "r", "-c", name, "--kubeconfig", "{kubeconfig}"],
    ]  # fmt: skip
    then = [Command(rng.choice(changing), undoes=True)] if rng.random() < 0.25 else []
    content = files[name]
    assert isinstance(content, bytes)
    alone = "extends" not in (decoded(content) or "extends")
    folder = name.rpartition("/")[0]
    return Case(
        "configurations",
        what,
        files,
        [Command(words), *then],
        (name, folder, "Argo Workflows"),
        of_configuration(content, alone),
    )


def _chain(rng: random.Random) -> Case:
    """Make files that extend each other: in rings, in long rows, across links, what is no file at all."""
    how = rng.randrange(8)
    top = {"name": "web", "image": "x:1"}
    files: dict[str, bytes | str] = {}
    if how == 0:
        length = rng.choice((1, 2, 3, 50))
        for number in range(length):
            files[f"c/{number}.yaml"] = _extending(f"{(number + 1) % length}.yaml", top)
    elif how == 1:
        length = rng.choice((99, 101, 1500))
        for number in range(length):
            files[f"c/{number}.yaml"] = _extending(f"{number + 1}.yaml", {})
        files[f"c/{length}.yaml"] = _extending([], top)
    elif how == 2:
        fan = [f"{number}.yaml" for number in range(1, 40)]
        files = {f"c/{number}.yaml": _extending(fan, top) for number in range(40)}
    elif how == 3:
        strange = [
            "/dev/zero",
            "/dev/null",
            "/proc/self/mem",
            "/",
            ".",
            "..",
            "",
            "a\0b",
            "x" * 5000,
            "https://x/y",
            "~/x",
            "link",
            "/proc/self/environ",
        ]
        files = {"c/0.yaml": _extending(rng.choice(strange), top), "c/link": "link"}
    elif how == 4:
        files = {"c/0.yaml": _extending("d/1.yaml", top), "c/d": ".", "c/1.yaml": _extending("d/d/d/0.yaml", {})}
    elif how == 5:
        files = {
            "c/0.yaml": _extending(
                rng.choice([None, 1, True, {}, [[]], [1], {"a": "b"}, ["1.yaml", 2], "1.yaml"]), top
            ),
            "c/1.yaml": rng.choice([b"", b"[]", b"x", b"\0", b"1", b"a: [", b"null"]),
        }
    elif how == 6:
        strange = [
            ["/dev/zero"],
            ["/proc/self/mem"],
            ["**/*"],
            ["/**"],
            ["../" * 50 + "etc"],
            ["link"],
            ["a\0b"],
            ["[" * 3000],
            ["*" * 200],
            ["c"],
            [""],
            ["."],
        ]
        manifests = {"name": "web", "namespace": "default", "manifests": rng.choice(strange)}
        files = {"c/0.yaml": yaml.safe_dump(manifests).encode(), "c/link": "/dev/zero"}
    else:
        files = {"c/0.yaml": rng.choice(["/dev/zero", "/dev/full", "nowhere", "0.yaml", "/proc/self/mem", "."])}
        return Case(
            "configurations",
            "the file is no file",
            files,
            [Command(["config", "show", "-c", "c/0.yaml"])],
            ("c/0.yaml",),
        )
    return _case(rng, "c/0.yaml", files, f"files that extend each other ({how})")


def _extending(other: object, keys: dict[str, object] | dict[str, str]) -> bytes:
    return yaml.safe_dump({"extends": other, **keys}).encode()
