"""What people type into forms and after options: `--set`, variables, names of runs, targets, places and times."""

from __future__ import annotations

import random

from . import bytes_and_lines, trees
from .case import Case, Command
from .corpus import configurations

_KEYS = [
    "image", "replicas", "env.LEVEL", "verify.deadline", "name", "namespace", "steps[0]", "steps[0].name", "steps[99]", "steps", "verify.http[0].path", "port", "deadline", "schedule.cron",
    "manifests[0]", "manifests", "journal.store", "journal", "argo.image", "argo.pods", "parameters", "extends", "x", "", ".", "a..b", "[0]", "image[0]", "env.[", "env.a=b", "é", "\x1b[1m", "a" * 9999,
    "steps[99999999999999999999]", "replicas.x", "deploy.onConflict", "labels.a/b", "env", "probes.readiness", "env." + ".".join("x" * 500),
]  # fmt: skip
_NAMES = [
    "", ".", "..", "../x", "/etc/passwd", "a/b", "a/b/c", "x" * 300, "é", "\x1b[2J", "a b", "-x", "UPPER", "*", "{{workflow.uid}}", "$(id)", "null", "20261124-101500-3fa9c1", "a.b", "a..b", ".a", "%2e%2e",
    "a?b", "a#b", "a,b", "a=b", "\n", "a\nb", "run", "run.jsonl", "new/run",
]  # fmt: skip


def make(rng: random.Random) -> Case:
    if rng.random() < 0.3:
        return _names(rng)
    name, files = rng.choice(configurations())
    words, environ, names = ["-c", name], dict[str, str](), [name, "Argo Workflows"]
    for _ in range(rng.choice((1, 1, 2, 3))):
        key, value = rng.choice(_KEYS), _value(rng)
        if rng.random() < 0.75:
            words += [
                "--set",
                rng.choice((f"{key}={value}", f"{key}={value}", key, f"={value}", f"{key} = {value}"))[:120_000],
            ]
            names += ["--set"]
        else:
            variable = "STERNWAY_" + rng.choice((key.replace(".", "__"), key, key.upper()))
            if "=" in variable or "\0" in variable:
                continue
            environ[variable], names = value[:120_000], [*names, variable[:9]]
    first = rng.choice([["config", "show"], ["plan", "--kubeconfig", "{kubeconfig}"], ["template", "-o", "-"], ["submit", "--kubeconfig", "{kubeconfig}"], ["graph", "-o", "-"], ["template", "--for", "cronjob", "-o", "{out}"]])  # fmt: skip
    run = ["run", *words, "--kubeconfig", "{kubeconfig}"]
    commands = [Command([*first, *words], environ=environ), Command(run, environ=environ, undoes=True)]
    return Case("forms", " ".join(words)[:200], files, commands[: rng.choice((1, 1, 2))], names)


def _value(rng: random.Random) -> str:
    how = rng.randrange(3)
    if how == 0:
        value = rng.choice(trees.NASTY)
        text = (
            value
            if isinstance(value, str)
            else str(value)
            if not isinstance(value, int) or abs(value) < 10**300
            else "9" * 400
        )
    elif how == 1:
        text = rng.choice(
            [
                *bytes_and_lines.SIGNS,
                *bytes_and_lines.HUGE,
                "[" * 3000,
                "{a: " * 3000,
                "&a [*a]",
                "*a",
                "!!python/object:os.system x",
                "{a: 1, a: 2}",
                "a: b: c",
                "- x",
                "|",
                "2026-02-31",
            ]
        )
    else:
        text = bytes_and_lines.broken(rng, b"{name: x, image: 'y:1', env: {A: b}}")[0][:60_000].decode(errors="replace")
    return text.replace("\0", "").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _names(rng: random.Random) -> Case:
    name, time = (
        rng.choice(_NAMES),
        rng.choice(["", "x", "-1s", "0", "1e9h", "9" * 400 + "s", "1h1h", "é", "nan", "inf"]),
    )
    where = rng.choice(
        [
            ["--journal", "j"],
            ["--kubeconfig", "{kubeconfig}"],
            ["--kubeconfig", "{kubeconfig}", "--namespace", rng.choice(_NAMES)],
        ]
    )
    config = ["-c", "sternway.yaml", "--kubeconfig", "{kubeconfig}"]
    words = rng.choice([
        ["show", name, *where], ["rollback", name, *where], ["rollback", "--to", name, *where], ["resume", name, *where], ["status", name, *where], ["unhold", name, *where], ["runs", "--target", name, *where],
        ["sweep", "--run", name, *where], ["sweep", "--every", time, *where], ["step", name, "execute", *config], ["step", "deploy", name, *config], ["step", "deploy", "execute", "--run", name, *config],
        ["run", "--run", name, *config], ["report", "--run", name, *config], ["run", "--wait-lock", time, *config], ["plan", "-c", name], ["lint", name], ["lint", "--ignore", name, "sternway.yaml"], ["steps", "-o", name],
        ["step", "deploy", "execute", "--backoff", time, *config], ["run", "--output", name, *config], [name], ["report", "--run", "r", "--failures", name, *config],
    ])  # fmt: skip
    words = ["--", *words] if words[:1] == [""] else words
    config_text = b"name: web\nnamespace: default\nmanifests: [m.yaml]\nsteps: [deploy]\n"
    files: dict[str, bytes | str] = {
        "sternway.yaml": config_text,
        "m.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        "j/x.lock": b"",
    }
    known = [word.strip() if word.isprintable() else repr(word) for word in words if word]
    return Case(
        "forms",
        " ".join(words)[:200],
        files,
        [Command(words, undoes=True)],
        (*known, "Usage:", "run", "sternway.yaml", "namespace", "RUN", "--"),
    )
