"""`python -m tests.bench`: what Sternway costs, beside Hera, and beside helm, kubectl and empty pods on KUBECONFIG's cluster."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.sandbox import Sandbox

from tests.bench.argo import argo
from tests.bench.generate import generate
from tests.bench.groups import groups
from tests.bench.measure import Cost, in_turn, run, table
from tests.bench.undo import undo
from tests.helpers import command, config_map, deployment

GOOD, BAD = "localhost/app:1", "localhost:5000/nope:9"
OBJECTS = 200
EACH = ["start", "generate", "apply", "undo", "bad-image", "groups", "argo"]


def main() -> None:
    """Run the benchmarks that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--helm", default=shutil.which("helm"), help="Helm 4; default: the one on PATH")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the short ones (default 5)")
    parser.add_argument("only", nargs="*", choices=[*EACH, []], help="default: all")
    asked = parser.parse_args()
    wanted = asked.only or EACH
    folder = Path(tempfile.mkdtemp(prefix="sternway-bench-"))
    try:
        if "start" in wanted:
            start(folder, asked.rounds)
        if "generate" in wanted:
            generate(folder, asked.rounds)
        if "apply" in wanted:
            apply(folder, asked.rounds)
        if "undo" in wanted:
            undo(folder, asked.rounds, OBJECTS)
        if "bad-image" in wanted:
            bad_image(folder, asked.helm)
        if "groups" in wanted:
            groups(folder, asked.rounds)
        if "argo" in wanted:
            argo(folder, asked.rounds)
    finally:
        shutil.rmtree(folder)


def start(folder: Path, rounds: int) -> None:
    """Measure cold starts."""
    with Sandbox() as sandbox:
        (folder / "one.json").write_text(json.dumps(config_map("one", a="1")))
        (folder / "one.yaml").write_text("name: one\nmanifests: [one.json]\n")
        environ = {"KUBECONFIG": sandbox.kubeconfig}

        def step(number: int) -> Cost:
            arguments = ("step", "deploy", "execute", "--run", f"bench-{number}", "-c", str(folder / "one.yaml"))
            return run(command(*arguments), environ)

        bare, shown, done = in_turn(
            rounds, lambda _: run([sys.executable, "-c", ""]), lambda _: run(command("--help")), step
        )
    rows = [("cold start", "ms", "bare Python =", "MiB", "exit")]
    for name, cost in (("python -c ''", bare), ("sternway --help", shown), ("step deploy execute, 1 object", done)):
        rows.append(
            (name, f"{cost.wall * 1000:.0f}", f"{cost.wall / bare.wall:.1f}x", f"{cost.peak:.0f}", str(cost.code))
        )
    table("Start (medians; the sandbox runs beside)", rows)


def apply(folder: Path, rounds: int) -> None:
    """Measure 200 objects, journal on, beside kubectl's server-side apply."""
    client = Client.connect()
    spaces: list[str] = []

    def prepared(number: int, kind: str) -> str:
        name = _namespace(client, spaces)
        objects = [config_map(f"m{n}", number=str(number), text="x" * 200) for n in range(OBJECTS)]
        file = folder / f"{kind}.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        (folder / "many.yaml").write_text(f"name: many\nmanifests: [{kind}.json]\n")
        return name

    def ours(number: int) -> Cost:
        name = prepared(number, "ours")
        arguments = ("step", "deploy", "execute", "--run", f"bench-{number}", "--set", f"namespace={name}")
        return run(command(*arguments, "-c", str(folder / "many.yaml")))

    def kubectl(number: int) -> Cost:
        name = prepared(number, "kubectl")
        return run(["kubectl", "-n", name, "apply", "--server-side", "-f", str(folder / "kubectl.json")])

    a, b = in_turn(rounds, ours, kubectl)
    rows = [("apply of 200 objects", "s", "ratio", "MiB", "exit")]
    rows.append(("sternway, journal on", f"{a.wall:.2f}", f"{a.wall / b.wall:.2f}x", f"{a.peak:.0f}", str(a.code)))
    rows.append(("kubectl apply --server-side", f"{b.wall:.2f}", "1.00x", f"{b.peak:.0f}", str(b.code)))
    table("Apply (medians)", rows)
    _clean(client, spaces)


def bad_image(folder: Path, helm: str | None) -> None:
    """Measure a bad image until the old version is back and healthy, each tool at its defaults, side by side."""
    client = Client.connect()
    spaces: list[str] = []
    costs: dict[str, float] = {}

    def timed(name: str, prepare: Callable[[str], None], act: Callable[[str], None]) -> threading.Thread:
        space = _namespace(client, spaces)

        def both() -> None:
            import time

            prepare(space)
            began = time.monotonic()
            act(space)
            costs[name] = time.monotonic() - began

        thread = threading.Thread(target=both)
        thread.start()
        return thread

    (folder / "web.json").write_text(json.dumps(deployment("web", GOOD, 2)))
    (folder / "bad.json").write_text(json.dumps(deployment("web", BAD, 2)))

    def sternway(space: str, which: str) -> None:
        (folder / f"{which}.yaml").write_text(f"name: web\nmanifests: [{which}.json]\n")
        run(command("run", "-c", str(folder / f"{which}.yaml"), "--set", f"namespace={space}"))

    def kubectl(space: str, *arguments: str) -> None:
        run(["kubectl", "-n", space, *arguments])

    def kubectl_undo(space: str) -> None:
        kubectl(space, "apply", "-f", str(folder / "bad.json"))
        kubectl(space, "rollout", "status", "deployment/web")
        kubectl(space, "rollout", "undo", "deployment/web")
        kubectl(space, "rollout", "status", "deployment/web")

    def kubectl_prepare(space: str) -> None:
        kubectl(space, "apply", "-f", str(folder / "web.json"))
        kubectl(space, "rollout", "status", "deployment/web")

    timed("sternway run", lambda s: sternway(s, "web"), lambda s: sternway(s, "bad")).join()
    threads = [timed("kubectl rollout undo", kubectl_prepare, kubectl_undo)]
    if helm:
        chart = folder / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
        text = json.dumps(deployment("web", "IMAGE", 2)).replace('"IMAGE"', "{{ .Values.image | quote }}")
        (chart / "templates/web.yaml").write_text(text)
        good = [helm, "upgrade", "--install", "web", str(chart), "--wait", "--set", f"image={GOOD}", "-n"]
        bad = [helm, "upgrade", "web", str(chart), "--rollback-on-failure", "--set", f"image={BAD}", "-n"]
        threads.append(timed("helm upgrade --rollback-on-failure", lambda s: _ran(good, s), lambda s: _ran(bad, s)))
    for thread in threads:
        thread.join()
    first = costs["sternway run"]
    rows = [
        ("bad image to restored and healthy", "s", "of Sternway's"),
        *((n, f"{c:.1f}", f"{c / first:.0f}x") for n, c in costs.items()),
    ]
    table("Bad image (each at its defaults)", rows)
    _clean(client, spaces)


def _ran(arguments: list[str], space: str) -> None:
    run([*arguments, space])


def _namespace(client: Client, spaces: list[str]) -> str:
    name = f"bench-{uuid.uuid4().hex[:8]}"
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="bench")
    spaces.append(name)
    return name


def _clean(client: Client, spaces: list[str]) -> None:
    for name in spaces:
        client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
    client.close()


if __name__ == "__main__":
    main()
