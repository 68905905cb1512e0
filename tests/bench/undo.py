"""An undo of 200 changed objects beside the apply that changed them, and of 200 created ones beside theirs.

Each is a process of its own, journal on, on the same cluster in turn: execute, then rollback, of the deploy step. Put
back means read, written with the fields' owners, and read again; deleted means deleted and seen gone.
"""

from __future__ import annotations

import json
from pathlib import Path

from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from tests.bench.measure import Cost, in_turn, run, table
from tests.helpers import command, config_map


def undo(folder: Path, rounds: int, objects: int) -> None:
    """Measure the four, and give each undo as a ratio to its apply."""
    client = Client.connect()
    spaces: list[str] = []

    def step(action: str, number: int, kind: str, what: str) -> Cost:
        name = f"bench-undo-{kind}-{number}"
        (folder / "many.json").write_text(json.dumps(_objects(objects, f"{what}-{number}")))
        (folder / "many.yaml").write_text("name: many\nmanifests: [many.json]\n")
        arguments = ("step", "deploy", action, "--run", f"{name}-{what}", "--set", f"namespace={name}")
        return run(command(*arguments, "-c", str(folder / "many.yaml")))

    def begun(number: int, kind: str) -> None:
        name = f"bench-undo-{kind}-{number}"
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="bench")
        spaces.append(name)

    def change(number: int) -> Cost:
        begun(number, "changed")
        good = step("execute", number, "changed", "good")
        assert good.code == 0, "the good version could not be applied"
        return step("execute", number, "changed", "bad")

    def create(number: int) -> Cost:
        begun(number, "created")
        return step("execute", number, "created", "bad")

    try:
        costs = in_turn(
            rounds, change, lambda n: step("rollback", n, "changed", "bad"), create,
            lambda n: step("rollback", n, "created", "bad"),
        )  # fmt: skip
    finally:
        for name in spaces:
            client.delete(Ref("v1", "Namespace", None, name), uid=None, propagation="Background")
        client.close()
    words = (f"apply, {objects} changed", "undo, put back", f"apply, {objects} created", "undo, deleted")
    rows = [("undo", "s", "of its apply", "MiB", "exit")]
    for number, (word, cost) in enumerate(zip(words, costs, strict=True)):
        ratio = f"{cost.wall / costs[number // 2 * 2].wall:.2f}x"
        rows.append((word, f"{cost.wall:.2f}", ratio, f"{cost.peak:.0f}", str(cost.code)))
    table("Undo (medians)", rows)


def _objects(count: int, text: str) -> dict[str, object]:
    items = [config_map(f"m{n}", number=text, text="x" * 200) for n in range(count)]
    return {"apiVersion": "v1", "kind": "List", "items": items}
